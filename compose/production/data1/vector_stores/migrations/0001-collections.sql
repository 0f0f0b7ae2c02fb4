-- Collections: whose vectors each holds, what its index was built from, and who may do what.

CREATE EXTENSION vector;

CREATE TABLE homeport.collections (
    name text PRIMARY KEY,
    -- Vectors of two models have nothing to do with each other: these never change.
    model text NOT NULL,
    revision text NOT NULL,
    dimension integer NOT NULL CHECK (dimension > 0),
    distance text NOT NULL CHECK (distance IN ('cosine', 'inner_product', 'euclidean')),
    numbers text NOT NULL CHECK (numbers IN ('single', 'half')),
    -- The vector of one fixed sentence when the collection was made: whoever answers otherwise is
    -- another model, whatever it is called.
    witness real[] NOT NULL,
    -- What the index was built with, and how many rows there were; null before there is one.
    index_words jsonb,
    index_rows bigint,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- One table for each collection, made when it is indexed first.
CREATE SCHEMA vectors AUTHORIZATION homeport_indexer;

GRANT USAGE ON SCHEMA homeport TO homeport_indexer, homeport_reader;
GRANT SELECT, INSERT, UPDATE ON homeport.collections TO homeport_indexer;
GRANT SELECT ON homeport.collections TO homeport_reader;
GRANT USAGE ON SCHEMA vectors TO homeport_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE homeport_indexer IN SCHEMA vectors
    GRANT SELECT ON TABLES TO homeport_reader;

"""What a host is asked by deploys and checks alike: sh, and the reading of its answer."""

#!/bin/sh
exec /usr/bin/llama-server "$@"

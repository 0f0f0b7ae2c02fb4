"""httpx's own functions, for many requests to servers without TLS.

By themselves they read all of this machine's authorities anew for each call: some 15 ms of a
processor, which clients that keep asking would take from the engines beside them.
"""

from functools import partial

import httpx

_AUTHORITIES = httpx.create_ssl_context()

get = partial(httpx.get, verify=_AUTHORITIES)
post = partial(httpx.post, verify=_AUTHORITIES)
request = partial(httpx.request, verify=_AUTHORITIES)
stream = partial(httpx.stream, verify=_AUTHORITIES)

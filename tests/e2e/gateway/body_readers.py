"""One nginx with both readers of bodies side by side: its expression, and gateway.js."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

import httpx

from deploys.render.nginx_bodies import body_pattern
from tests.e2e.gateway_lab import docker, published
from tests.lab.waiting import until
from tests.render.gateway_files import TEMPLATES

NAME = "hpg-readers"
# What the expression leaves to the script.
LEFT = "?"
CONF = Template(r"""
load_module modules/ngx_http_js_module.so;
pid /tmp/nginx.pid;
pcre_jit on;
error_log /dev/stderr warn;
events {}
http {
    client_body_temp_path /tmp/client_body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    access_log off;
    js_engine qjs;
    js_import gateway from gateway.js;
    js_var $$public_model;
    map $$public_model $$pool { default any; "" ""; }
    client_max_body_size 4m;
    client_body_buffer_size 256k;
    server {
        listen 8080;
        location = / { return 200; }
        location = /nothing { internal; return 204; }
        location = /expression { mirror /nothing; empty_gif; error_page 405 = @expression; }
        location @expression {
            if ($$request_body !~ "$pattern") { return 200 "?"; }
            return 200 "=$$model_in_body";
        }
        location = /script {
            js_access gateway.choose_pool;
            proxy_set_header X-Model $$public_model;
            proxy_pass http://127.0.0.1:8082;
        }
    }
    server {
        listen 8082;
        location / { return 200 "=$$http_x_model"; }
    }
}
""")


@contextmanager
def readers(folder: Path, image: str) -> Iterator[str]:
    """The address at which both answer, until the block ends."""
    (folder / "nginx.conf").write_text(CONF.substitute(pattern=body_pattern()))
    for script in ("gateway.js", "body.js"):
        (folder / script).write_text((TEMPLATES / "nginx" / script).read_text())
    folder.chmod(0o755)
    confined = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--user=10001")
    mounted = ("--publish=127.0.0.1::8080", f"--volume={folder}:/conf:ro", "--entrypoint=nginx")
    nginx = (image, "-c", "/conf/nginx.conf", "-g", "daemon off;")
    docker("rm", "--force", NAME, expect=None)
    docker("run", "--detach", f"--name={NAME}", *confined, *mounted, *nginx)
    try:
        url = published(NAME, 8080)
        until(lambda: _answers(url), account=lambda: docker("logs", NAME))
        yield url
    finally:
        docker("rm", "--force", NAME, expect=None)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.HTTPError:
        return False


def logged() -> str:
    """nginx's error log so far."""
    return docker("logs", NAME)

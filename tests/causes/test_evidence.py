"""Secrets in a log are never told again, and what is none is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploys.causes.evidence import SHOWN_CHARACTERS, Line, masked, shown
from deploys.causes.lines import LONGEST_CHARACTERS
from tests.causes.logs import explained

# Made up, and put together here, so that nothing that looks for secrets in files finds one.
HUB_TOKEN = "hf_" + "AbCdEfGh" * 4
ACCESS_KEY = "AKIA" + "EXAMPLE0" * 2
WEB_TOKEN = ".".join(["eyJ" + "hbGci" * 3, "eyJ" + "pc3Mi" * 3, "abc"])
PEM = "-----BEGIN " + "PRIVATE KEY-----"
HEX = "3f9a1c0b7d2e4f5a6b8c9d0e1f2a3b4c5d6e7f8091a2b3c4"


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("Authorization: Bearer abc123def456", "abc123def456"),
        ("headers={'authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
        ("proxy-authorization: Digest opaque-value", "opaque-value"),
        ("X-Api-Key: short1", "short1"),
        ("args: Namespace(api_key='my-own', port=8000)", "my-own"),
        ("non-default args: {'api_key': ['one-key', 'another'], 'port': 1}", "another"),
        ("vllm serve /models --api-key my-own-word --port 1", "my-own-word"),
        (f"environment: HF_TOKEN={HUB_TOKEN}", HUB_TOKEN),
        ('"password": "correct horse"', "correct horse"),
        ("POSTGRES_PASSWORD=letmein123", "letmein123"),
        ("pulling https://user:pa55word@registry.example/v2/", "pa55word"),
        (f"GET /f?X-Amz-Credential={ACCESS_KEY}%2F2023&X-Amz-Signature=acd6", ACCESS_KEY),
        ("signed &X-Amz-Signature=acd641dd39d9d7a1", "acd641dd39d9d7a1"),
        (f"token {WEB_TOKEN}", WEB_TOKEN),
        ("the key sk-proj-0123456789abcdef is wrong", "sk-proj-0123456789abcdef"),
        (f"client sent {HEX}", HEX),
        ("the key hp-aB_cdEf-gH1jK-lmN_opQ-rsT2-uvW_xyZ is wrong", "aB_cdEf-gH1jK"),
        ("password=1234567", "1234567"),
        ("SECRET_KEY=hunter2", "hunter2"),
        ("DB_PASS=hunter2", "hunter2"),
        ("passwords: hunter2", "hunter2"),
        ("Authorization: ApiKey hunter22", "hunter22"),
        ("serve --api-key 'hunter 2x' --port 1", "2x"),
        (f"{PEM}MIIEvQIBADANBg", "MIIEvQIBADANBg"),
        ("key MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj", "MIIEvQIBADAN"),
    ],
)
def test_a_secret_is_masked(line: str, secret: str) -> None:
    assert secret not in masked(line)
    assert "***" in masked(line)


@pytest.mark.parametrize(
    "line",
    [
        "print_info: EOT token        = 1 '<end>'",
        "args: Namespace(api_key=None, port=8000)",
        "GPU KV cache size: 425,424 tokens",
        "GPU 0: NVIDIA A10 (UUID: GPU-f15ae561-21b1-6003-c768-861fc285203b)",
        f"image sha256:{'0123456789abcdef' * 4} is missing",
        "at once 8 tokens per second; max_num_batched_tokens=8192",
        "Max_New_Tokens: 4096",
        "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 12 MiB on device 0",
        "failed to allocate CUDA0 buffer of size 151851674624",
        "hp-gpu-server-01 is unreachable, and so is hpc-compute-node-0017.example",
        "skip_tokenizer_init, pkg_resources_extern",
        "LlavaOnevisionForConditionalGenerationWithImages",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert masked(line) == line


@given(st.text("0123456789abcdef", min_size=32, max_size=64))
def test_keys_as_the_kit_has_them_made_are_never_told(key: str) -> None:
    # All digits or all letters is not what `openssl rand -hex` gives, but for one time in billions.
    if key.isdecimal() or key.isalpha():
        return
    for line in (f"{key} out of memory", f"key={key}", f"'{key}'", f"https://x/?k={key}&b=1"):
        assert key not in masked(line)


def test_no_secret_comes_out_of_a_log_whatever_it_says() -> None:
    key = f"hp-{HEX}"
    log = (
        f"error: invalid argument: --api-key={key}\n"
        f"gguf_init_from_file: failed to open GGUF file 'https://u:{HEX}@h/{key}'\n"
        f"error: compose.yaml: services.{key}: is wrong\nhint: write {key} otherwise\n"
    )
    assert len(explained(log).findings) == 3
    assert HEX not in repr(explained(log))
    unknown = explained(f"fatal: {key} was refused\n")
    assert unknown.is_unknown
    assert HEX not in repr(unknown)


def test_a_long_line_is_shown_around_what_was_found() -> None:
    line = Line(7, "a " * 1000 + "here it is" + " b" * 1000)
    found = shown(line, at=2000)
    assert "here it is" in found.text
    assert found.number == 7
    assert len(found.text) <= SHOWN_CHARACTERS + 2
    assert shown(Line(1, "short"), 0).text == "short"


@pytest.mark.timeout(30)
@pytest.mark.parametrize("letter", ["a", "-", "_", "a=", "token "])
def test_a_long_line_is_not_read_again_from_each_of_its_letters(letter: str) -> None:
    line = ("failed " + letter * LONGEST_CHARACTERS)[:LONGEST_CHARACTERS]
    for _ in range(20):
        assert masked(line).startswith("failed ")

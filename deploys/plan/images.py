"""How many images of which size a pool takes, and their RAM before a model sees them."""

from deploys.catalogue.architecture import VisionTower
from deploys.catalogue.vision import tokens_of_an_image
from deploys.settings.image_limits import ImageLimits

# Red, green and blue: llama.cpp decodes a whole image before it scales it (tools/mtmd, stb_image).
PIXEL_BYTES = 3
MIB = 2**20


def limits_of(asked: ImageLimits | None, tower: VisionTower, context_tokens: int) -> ImageLimits:
    """As the pool says it; else as many of the default's images as a request's context holds."""
    if asked is not None:
        return asked
    most = ImageLimits().per_request
    return ImageLimits(per_request=min(most, max(1, context_tokens // tokens_of_an_image(tower))))


def decoded_mib(limits: ImageLimits, requests: int) -> float:
    """Of so many requests at once: each is decoded when it comes, those that wait too."""
    pixels = limits.per_request * limits.megapixels * 10**6
    return requests * pixels * PIXEL_BYTES / MIB

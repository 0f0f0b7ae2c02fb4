"""What the gateway lets through of images, by pool: images.conf, and what is told beyond it."""

from deploys.catalogue.architecture import VisionTower
from deploys.plan.arguments import VllmArguments
from deploys.plan.images import limits_of
from deploys.plan.plan import Plan, Pool
from deploys.render.nginx_errors import ErrorPage, page
from deploys.render.nginx_text import nginx_word
from deploys.settings.gateway import Gateway
from deploys.settings.image_limits import ImageLimits

MILLION = 1_000_000


# What vLLM may be told to take beside images; llama-server decodes whatever comes.
OTHERS = ("video", "audio")


def image_values(plan: Plan, gateway: Gateway) -> dict[str, object]:
    """Limits of each pool that sees; none without njs, which reads no body."""
    if not gateway.njs:
        return {"sees": []}
    found = ((pool, image_limits(pool)) for pool in plan.pools)
    return {"sees": [_shown(pool, limits) for pool, limits in found if limits is not None]}


def _shown(pool: Pool, limits: ImageLimits) -> dict[str, object]:
    numbers = f"{limits.per_request}|{limits.megapixels * MILLION}"
    return {
        "pool": nginx_word(pool.name),
        "per_request": limits.per_request,
        "megapixels": limits.megapixels,
        "limits": f"{numbers}|{' '.join(map(nginx_word, limits.domains))}|{_others(pool)}",
    }


def _others(pool: Pool) -> str:
    """What else its engine was told to take."""
    arguments = pool.replicas[0].arguments
    media = arguments.own.media if isinstance(arguments, VllmArguments) else None
    return " ".join(kind for kind in OTHERS if media is not None and getattr(media, kind))


def image_limits(pool: Pool) -> ImageLimits | None:
    """As the pool says it; else as its engine was told, or as its context holds. None: it sees
    nothing, and its engine says so itself."""
    towers = [tower for one in pool.replicas if (tower := _tower(one.model.architecture))]
    if not towers:
        return None
    if pool.routing.image_limits is not None:
        return pool.routing.image_limits
    arguments = pool.replicas[0].arguments
    if isinstance(arguments, VllmArguments):
        media = arguments.own.media
        if media is not None:
            return ImageLimits(per_request=max(1, media.image), domains=media.domains)
        return limits_of(None, towers[0], arguments.maximum_length_tokens)
    return limits_of(None, towers[0], arguments.context_tokens // arguments.slots)


def _tower(shape: object) -> VisionTower | None:
    return getattr(shape, "vision", None)


def image_pages(values: dict[str, object]) -> list[ErrorPage]:
    """What images.js says inside nginx as 476 to 479; none where no pool sees."""
    if not values["sees"]:
        return []
    large = "An image is larger than this model takes: <image_megapixels> megapixels."
    many = "The request holds more images than this model takes: <images_per_request>."
    unreadable = "An image is none, or its size cannot be read: PNG, JPEG, GIF, BMP or WebP."
    by_url = "What is to be seen must stand in the request itself: data:image/png;base64,..."
    return [
        page("image_too_large", (476,), 413, large),
        page("too_many_images", (477,), 413, many),
        page("image_unreadable", (478,), 400, unreadable),
        page("image_by_url", (479,), 400, by_url),
    ]

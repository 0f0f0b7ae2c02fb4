"""The vocabulary and chat template of the tiny model: plain words for what it says, characters
for what it reads.

It reads letter by letter, because no token lies between a letter and a whole word that the
tokenizer could merge through; it answers in whole words.
"""

from gguf import TokenType

UNKNOWN, BEGIN, END, SYSTEM, USER, ASSISTANT = range(6)
CONTROL = ("<unk>", "<s>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")

# SentencePiece's mark for a blank.
BLANK = "\N{LOWER ONE EIGHTH BLOCK}"
PUNCTUATION = (",", ".")
PRINTABLE = (BLANK, *(chr(code) for code in range(0x21, 0x7F)))

_TEXT = """
    about above across after again against all along always among amber an anchor and another
    answer around as ashore at autumn away bay beacon because before behind bell below beneath
    beside between beyond blue boat bottle bound breeze bridge bright bring brings broad by
    cabin call calls calm canvas captain cargo carry carries chart children church clear cliff
    close cloud coast cold come comes compass copper corner crane crew current dark dawn day
    deck deep distant dock door down drift dry dusk each early east edge empty evening every eye
    fair far fast father ferry few field fine fire first fish flag fleet float foam fog follow
    for found four friend from full garden gate gentle give glass gold good grain grass great
    green grey gull hand harbour has haul he heart heavy here high hill hold home horizon horn
    house how hundred in inland into iron island it journey just keel keep keeps kind kite
    ladder lamp land lantern large last late leave leeward left letter light like line listen
    little load long look lost low map mariner market mast may meet mist moon moor more morning
    mother mountain moves my name narrow near net never new night no north not now oak oar ocean
    of often old on once one only open other our out outward over paint paper pass path pearl
    pier pilot pine place port pull quay quick quiet rain raise reach red reed return ribbon
    rigging ripple rise river road rock roof room rope round rudder sail sailor salt sand sea
    seal season second see seldom send she shell ship shore short side signal silver simple sing
    sky slack slow small smoke snow so soft some song sound south spring square stair star
    steady steam steer stern still stone storm stream street strong summer sun swell swift table
    tail take tall tell ten that the their then there these they thin this three through tide
    timber to today together tomorrow tower town trade trail tree true turn two under until up
    upon vessel village voice voyage wait walk wall warm watch water wave way weather well west
    wharf wheel when where white wide wild willow wind window winter with wood word world yard
    year yellow you young
"""
WORDS = tuple(_TEXT.split())

TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def tokens() -> list[str]:
    """Every token in order: controls, bytes, characters, words."""
    return [
        *CONTROL,
        *(f"<0x{byte:02X}>" for byte in range(256)),
        *PRINTABLE,
        *(BLANK + word for word in WORDS),
    ]


def token_types() -> list[TokenType]:
    """One type per token; bytes stand in for characters that the vocabulary lacks."""
    return [
        TokenType.UNKNOWN,
        *[TokenType.CONTROL] * (len(CONTROL) - 1),
        *[TokenType.BYTE] * 256,
        *[TokenType.NORMAL] * (len(PRINTABLE) + len(WORDS)),
    ]


def first_word() -> int:
    """The id of the first word; all later ids are words."""
    return len(CONTROL) + 256 + len(PRINTABLE)


def punctuation() -> list[int]:
    """The ids of the characters that the model may say."""
    return [len(CONTROL) + 256 + PRINTABLE.index(character) for character in PUNCTUATION]

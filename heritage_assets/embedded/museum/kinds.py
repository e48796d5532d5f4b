"""The kinds of things in the demo museum: what may vary in each, and how a catalogue describes it.

Every axis is visible in the picture and named in the text. Patterns hold names of axes and words of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int

COLOURS = (
    "red",
    "orange",
    "yellow",
    "green",
    "turquoise",
    "blue",
    "purple",
    "pink",
    "brown",
    "black",
    "white",
    "grey",
    "beige",
)
SIDES = ("left", "right", "centre")
FACING = ("facing_left", "facing_right")
TIMES = ("dawn", "midday", "sunset", "moonlight", "storm", "mist")
PAINTING_STYLES = ("oil", "watercolour", "pointillism", "fauvism", "romanticism")
CORNERS = ("upper_left", "upper_right", "lower_left", "lower_right")


@dataclass(frozen=True)
class Kind:
    """One class of museum objects.

    Attributes:
        axes: attribute -> possible values (keys of the vocabulary, or counts). Attributes whose values are ``COLOURS`` or
            another shared tuple of colours never coincide in one object.
        title, description: patterns of an object's title and description.
        subject: attributes that become subject terms (after the kind's own word).
        counts: counting attribute -> the attribute, or the word, that names what is counted.
        shapes: (long side over short side, portrait?) to choose from.
        years: first and last year of making.
    """

    name: str
    axes: Mapping[str, tuple[Value, ...]]
    title: str
    description: str
    subject: tuple[str, ...]
    years: tuple[int, int]
    shapes: tuple[tuple[float, bool], ...]
    counts: Mapping[str, str] = field(default_factory=dict)
    type_word: str = ""


_WIDE = ((1.25, False), (1.33, False), (1.5, False), (1.6, False))
_TALL = ((1.25, True), (1.33, True), (1.45, True))
_BOTH = (*_WIDE[:2], *_TALL[:2])
_SQUARE = ((1.0, False), (1.08, False), (1.08, True))

_KINDS = (
    Kind(
        "landscape",
        {
            "motif": ("windmill", "castle", "church", "cottage", "bridge", "ruin"),
            "tree": ("poplar", "cypress", "pine", "birch", "oak", "palm"),
            "trees": (1, 2, 3, 4, 5),
            "ground": ("river", "lake", "road", "meadow", "wheat"),
            "relief": ("mountains", "hills", "plain"),
            "time": TIMES,
            "season": ("spring", "summer", "autumn", "winter"),
            "side": SIDES,
            "style": PAINTING_STYLES,
        },
        "{landscape} {with} {motif} {and} {ground}, {time}",
        "{painting}, {style}. {motif} ({side}), {trees}, {relief}, {ground}. {season}, {time}.",
        ("motif", "tree", "ground", "relief", "season"),
        (1620, 1925),
        _WIDE,
        {"trees": "tree"},
        "painting",
    ),
    Kind(
        "seascape",
        {
            "vessel": ("sailing_ship", "fishing_boat", "steamship", "rowing_boat"),
            "vessels": (1, 2, 3, 4, 5),
            "colour": ("red", "white", "brown", "black", "yellow", "turquoise"),
            "water": ("calm_sea", "choppy_sea", "stormy_sea"),
            "coast": ("cliffs", "lighthouse", "island", "harbour", "open_sea"),
            "time": TIMES,
            "side": ("left", "right"),
            "style": PAINTING_STYLES,
        },
        "{seascape} {with} {vessel}, {coast}, {time}",
        "{painting}, {style}. {vessels}, {colour}. {water}, {coast} ({side}), {time}.",
        ("vessel", "coast", "water"),
        (1610, 1930),
        _WIDE,
        {"vessels": "vessel"},
        "painting",
    ),
    Kind(
        "portrait",
        {
            "sitter": ("woman", "man", "old_man", "girl"),
            "headgear": ("wide_hat", "turban", "crown", "veil", "beret", "helmet", "wreath", "bareheaded"),
            "hair": ("black", "brown", "yellow", "red", "grey"),
            "garment_colour": COLOURS,
            "backdrop_colour": COLOURS,
            "collar": ("ruff", "lace_collar", "pearls", "fur_collar", "gold_chain", "plain_collar"),
            "setting": ("curtain", "window", "plain_wall", "oval"),
            "facing": (*FACING, "frontal"),
            "style": ("oil", "watercolour", "fauvism", "romanticism"),
        },
        "{portrait}: {sitter}, {headgear}, {collar}",
        "{painting}, {style}. {sitter}, {facing}, {headgear}, {collar}. {garment}: {garment_colour}. {hair_label}: {hair}. "
        "{backdrop}: {backdrop_colour}, {setting}.",
        ("sitter", "headgear", "collar", "garment_colour"),
        (1500, 1910),
        _TALL,
        {},
        "painting",
    ),
    Kind(
        "still_life",
        {
            "vessel": ("jug", "bowl", "bottle", "goblet", "candlestick"),
            "vessel_colour": COLOURS,
            "fruit": ("apple", "lemon", "pear", "grape", "plum", "orange_fruit"),
            "fruits": (1, 2, 3, 4, 5, 6),
            "extra": ("skull", "book", "bread", "flowers", "shell"),
            "cloth": COLOURS,
            "wall_colour": COLOURS,
            "side": ("left", "right"),
            "style": PAINTING_STYLES,
        },
        "{still_life} {with} {vessel}, {fruit} {and} {extra}",
        "{painting}, {style}. {vessel} ({vessel_colour}), {fruits}, {extra}. {tablecloth}: {cloth}. {wall}: {wall_colour}. "
        "{light}: {side}.",
        ("vessel", "fruit", "extra", "vessel_colour"),
        (1590, 1930),
        _BOTH,
        {"fruits": "fruit"},
        "painting",
    ),
    Kind(
        "print",
        {
            "motif": ("castle", "cathedral", "ship", "ruin", "windmill", "bridge", "old_tree", "mountain", "village"),
            "technique": ("etching", "engraving", "woodcut", "lithograph"),
            "ink_colour": ("black", "brown", "blue", "red", "green"),
            "paper_colour": ("white", "beige", "grey"),
            "format": ("rectangular", "round", "oval_format"),
            "sky": ("clouds", "sun", "moon", "birds", "rain"),
            "side": SIDES,
            "ground": ("river", "road", "meadow"),
        },
        "{view}: {motif}, {sky}, {ground}",
        "{technique}, {format}. {motif} ({side}), {ground}, {sky}. {ink}: {ink_colour}. {paper}: {paper_colour}.",
        ("motif", "sky", "technique"),
        (1510, 1890),
        _BOTH,
        {},
        "print",
    ),
    Kind(
        "map",
        {
            "region": ("island", "peninsula", "archipelago", "river_valley", "walled_town", "hemispheres"),
            "land_colour": ("yellow", "green", "pink", "beige", "orange", "grey"),
            "sea_colour": ("blue", "turquoise", "white", "beige", "grey", "green"),
            "ornament": ("compass_rose", "sea_monster", "ship", "sun"),
            "corner": CORNERS,
            "relief": ("mountains", "river", "tree"),
            "technique": ("hand_coloured", "portolan", "pen_drawing"),
            "cartouche_colour": ("red", "blue", "green", "yellow", "purple"),
            "place": (),
        },
        "{map}: {place}, {region}",
        "{technique}. {region}, {relief}, {ornament}. {cartouche}: {cartouche_colour}, {corner}. {land}: {land_colour}. "
        "{sea}: {sea_colour}.",
        ("region", "ornament", "relief", "technique"),
        (1480, 1820),
        _BOTH,
        {},
        "map",
    ),
    Kind(
        "coin",
        {
            "metal": ("gold", "silver", "bronze", "patina"),
            "motif": (
                "laureate_head",
                "crowned_head",
                "bearded_head",
                "helmeted_head",
                "eagle",
                "lion",
                "horse",
                "fish",
                "owl",
                "ship",
                "star",
                "cross",
                "tree",
            ),
            "facing": FACING,
            "border": ("beaded_border", "legend_border", "wreath_border", "plain_border"),
            "flan": ("round_flan", "irregular_flan", "holed_flan"),
            "backdrop_colour": COLOURS,
            "place": (),
        },
        "{coin}: {motif}, {metal}, {place}",
        "{coin}, {metal}. {motif}, {facing}. {border}, {flan}. {backdrop}: {backdrop_colour}.",
        ("motif", "metal", "border"),
        (1100, 1790),
        _SQUARE,
    ),
    Kind(
        "manuscript",
        {
            "leaf": ("codex_leaf", "charter", "letter", "music_leaf"),
            "columns_count": (1, 2),
            "letter_form": tuple("ABCDEGHLMOPQRSTV"),
            "initial_colour": ("red", "blue", "green", "yellow", "purple", "pink"),
            "border": ("vine_border", "geometric_border", "flower_border", "no_border"),
            "border_colour": ("red", "blue", "green", "orange", "turquoise", "purple"),
            "scene": ("castle", "ship", "sun", "tree", "bird", "no_miniature"),
            "parchment_colour": ("white", "beige", "brown"),
            "ink_colour": ("black", "brown"),
        },
        "{leaf} {with} {initial} {letter_form}, {border}",
        "{manuscript}, {leaf}. {columns_count}. {initial} {letter_form}: {initial_colour}. {border}: {border_colour}. "
        "{miniature}: {scene}. {parchment}: {parchment_colour}. {ink}: {ink_colour}.",
        ("leaf", "border", "scene", "initial_colour"),
        (1050, 1640),
        _TALL,
        {"columns_count": "column"},
    ),
    Kind(
        "textile",
        {
            "technique": ("kilim", "carpet", "ikat", "embroidery", "tapestry"),
            "pattern": ("diamonds", "stars", "zigzag", "stripes", "medallion", "checks", "rosettes"),
            "main": COLOURS,
            "accent": COLOURS,
            "third": COLOURS,
            "edge": ("striped_border", "toothed_border", "dotted_border"),
            "fringe_form": ("fringe", "no_fringe"),
        },
        "{technique}: {pattern}, {main} {and} {accent}",
        "{textile}, {technique}: {pattern}. {colours}: {main}, {accent}, {third}. {edge}, {fringe_form}.",
        ("technique", "pattern", "main", "accent"),
        (1550, 1930),
        (*_BOTH, (1.6, True)),
    ),
    Kind(
        "vase",
        {
            "shape": ("amphora", "krater", "ewer", "bottle_vase", "albarello", "globular_jar", "footed_bowl"),
            "ware": ("earthenware", "porcelain", "stoneware"),
            "body_colour": COLOURS,
            "paint": COLOURS,
            "band": ("meander", "waves", "warriors", "horses", "birds", "leaves", "dots", "zigzag"),
            "backdrop_colour": ("grey", "beige", "black", "blue", "white", "brown", "turquoise"),
            "light_side": ("left", "right"),
        },
        "{shape}: {band}, {body_colour} {and} {paint}",
        "{vase}, {shape}, {ware}. {band}. {colours}: {body_colour}, {paint}. {backdrop}: {backdrop_colour}. {light}: {light_side}.",
        ("shape", "band", "body_colour", "ware"),
        (1200, 1900),
        _TALL,
    ),
    Kind(
        "photograph",
        {
            "motif": (
                "iron_bridge",
                "bridge",
                "cathedral",
                "street",
                "factory",
                "locomotive",
                "lattice_tower",
                "lighthouse",
                "castle",
            ),
            "process": ("albumen", "gelatin", "cyanotype", "tinted"),
            "mount": ("white_mount", "album_mount", "oval_mount", "full_bleed"),
            "figures": (1, 2, 3, 4, 5),
            "ground": ("water", "snow", "cobbles", "grass"),
            "sky": ("clouds", "sun", "mist", "birds"),
            "side": SIDES,
        },
        "{motif}, {ground}, {figures}",
        "{photograph}, {process}, {mount}. {motif} ({side}), {ground}, {figures}. {sky}.",
        ("motif", "ground", "process"),
        (1855, 1935),
        _BOTH,
        {"figures": "figure"},
    ),
    Kind(
        "poster",
        {
            "motif": (
                "mountain",
                "train",
                "ocean_liner",
                "bicycle",
                "coffee",
                "balloon",
                "aeroplane",
                "cat",
                "wine_bottle",
                "lighthouse",
            ),
            "layout": ("rays", "circle", "diagonal", "flat_ground"),
            "main": COLOURS,
            "accent": COLOURS,
            "third": COLOURS,
            "place": (),
        },
        "{poster} “{place}”: {motif}, {layout}",
        "{poster}: {motif}, {layout}. {colours}: {main}, {accent}, {third}. {inscription}: {place}.",
        ("motif", "layout", "main", "accent"),
        (1890, 1958),
        _TALL,
    ),
    Kind(
        "botanical",
        {
            "plant": ("tulip", "daisy", "poppy", "lily", "bellflower", "thistle"),
            "bloom_colour": ("red", "orange", "yellow", "blue", "purple", "pink", "white"),
            "blooms": (1, 2, 3, 4, 5),
            "leaf_form": ("narrow_leaves", "round_leaves", "lobed_leaves", "pinnate_leaves"),
            "base": ("bulb", "roots", "cut_stem"),
            "animal": ("butterfly", "beetle", "snail", "no_animal"),
            "animal_side": ("left", "right"),
            "lean": ("upright", "leaning_left", "leaning_right"),
            "paper_colour": ("white", "beige", "grey"),
        },
        "{plant}, {blooms}, {bloom_colour}, {leaf_form}",
        "{botanical}: {plant}, {lean}. {blooms}: {bloom_colour}. {leaf_form}, {base}. {animal} ({animal_side}). "
        "{paper}: {paper_colour}.",
        ("plant", "bloom_colour", "leaf_form", "animal"),
        (1590, 1880),
        _TALL,
        {"blooms": "bloom"},
    ),
    Kind(
        "tile",
        {
            "motif": ("star_pattern", "rosette", "arabesque", "lily_cross", "quatrefoil", "bird", "ship", "fish"),
            "tiles": (1, 4, 9, 16),
            "glaze": COLOURS,
            "accent": COLOURS,
            "ground_colour": ("white", "beige", "blue", "green", "turquoise", "yellow", "black"),
            "corner_form": ("corner_leaves", "corner_circles", "corner_diamonds", "plain_corners"),
        },
        "{tiles}: {motif}, {glaze} {and} {accent}",
        "{tiles}: {motif}, {corner_form}. {colours}: {glaze}, {accent}. {ground_label}: {ground_colour}.",
        ("motif", "corner_form", "glaze"),
        (1480, 1910),
        _SQUARE,
        {"tiles": "tile"},
    ),
    Kind(
        "clock",
        {
            "form": ("mantel_clock", "longcase_clock", "wall_clock", "pocket_watch"),
            "case_colour": ("brown", "black", "yellow", "white", "red", "green", "blue"),
            "dial_colour": ("white", "black", "beige", "blue", "yellow"),
            "numerals": ("roman_numerals", "bar_numerals"),
            "ornament": ("columns_ornament", "urn_ornament", "scroll_ornament", "undecorated"),
            "backdrop_colour": COLOURS,
            "hour": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
        },
        "{form}, {case_colour}, {ornament}",
        "{form}. {case}: {case_colour}. {dial}: {dial_colour}, {numerals}, {hour} h. {ornament}. {backdrop}: {backdrop_colour}.",
        ("form", "ornament", "case_colour"),
        (1650, 1900),
        _TALL,
    ),
    Kind(
        "instrument",
        {
            "form": ("lute", "violin", "guitar", "harp", "drum", "trumpet"),
            "body_colour": ("brown", "red", "yellow", "black", "orange", "green", "blue"),
            "ribbon_colour": COLOURS,
            "decoration": ("inlaid", "painted", "undecorated"),
            "pose": ("upright", "leaning_left", "leaning_right"),
            "backdrop_colour": COLOURS,
        },
        "{form}, {body_colour}, {decoration}",
        "{instrument}: {form}, {pose}, {decoration}. {body}: {body_colour}. {ribbon}: {ribbon_colour}. {backdrop}: {backdrop_colour}.",
        ("form", "body_colour", "decoration"),
        (1560, 1890),
        _TALL,
    ),
    Kind(
        "specimen",
        {
            "butterflies": (1, 2, 4, 6, 9),
            "wing_form": ("swallowtail", "rounded_wings", "pointed_wings"),
            "marking": ("eyespots", "bands", "spots", "dark_veins"),
            "wing_colour": COLOURS,
            "mark_colour": COLOURS,
            "label_form": ("label_below", "no_label"),
            "backdrop_colour": ("white", "beige", "grey", "green", "blue", "black", "brown"),
        },
        "{butterflies}, {wing_colour}, {marking}",
        "{specimen}: {butterflies}, {wing_form}, {marking}. {wings}: {wing_colour}, {mark_colour}. {label_form}. "
        "{backdrop}: {backdrop_colour}.",
        ("wing_form", "marking", "wing_colour"),
        (1780, 1930),
        _BOTH,
        {"butterflies": "butterfly"},
    ),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}

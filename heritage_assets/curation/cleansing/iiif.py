"""Records from IIIF manifests: a canvas (or a whole manifest) with the descriptive properties of its manifest.

Sources: IIIF Presentation API 2.1.1 and 3.0.1. Their ``metadata`` are pairs of labels for people, in any language; the usual
labels are told by their words, the others are left alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from heritage_assets.curation.cleansing.parsing import RejectionError, keys_of, load_object
from heritage_assets.curation.cleansing.titles import TITLE_LIMIT
from heritage_assets.curation.cleansing.values import NO_LANGUAGE, Literal, literals, raw_strings
from heritage_assets.curation.iiif import identity, kind_of, painted, painted_image, service_of, sized_image_url

DEFAULT_SIDE = 768
_MAX_PAIRS = 300
_LABELS: dict[str, str] = {
    "creator": """creator, creators, author, authors, artist, artists, maker, photographer, painter, engraver, cartographer
        kunstler, kunstlerin, urheber, verfasser, autor, autorin, fotograf, fotografin, hersteller, schopfer
        auteur, auteurs, createur, artiste, photographe, autore, artista, fotografo, creador, criador
        maker(s), vervaardiger, kunstenaar, upphovsman, konstnar, contributor, contributors""",
    "date": """date, dates, date issued, date created, creation date, date made, date of creation, created, issued, period, year
        published, publication date, date of origin, origin date, date statement
        datum, datierung, entstehungszeit, erscheinungsjahr, jahr, zeitraum, erschienen
        date de creation, date d'edition, annee, periode, data, datazione, anno, fecha, ano, epoca, datering, jaar""",
    "subject": """subject, subjects, topic, topics, keyword, keywords, tags, theme, iconography, places, place
        thema, themen, schlagwort, schlagworter, schlagworte, motiv, sujet, sujets, mots-cles, soggetto, soggetti
        tema, temas, materia, onderwerp, trefwoorden, amne""",
    "type": """type, object type, genre, form, format, material type, resource type, work type, classification, technique, medium
        physical type, typ, gattung, objektart, objekttyp, dokumenttyp, technik, type de document, type d'objet, tipo, tipologia
        genere, genero, tecnica, soort, objecttype""",
    "description": """description, abstract, summary, note, notes, contents, beschreibung, inhalt, zusammenfassung, anmerkung
        resume, descrizione, descripcion, resumen, beschrijving, beskrivning""",
    "language": """language, languages, language(s), sprache, sprachen, langue, langues, lingua, idioma, idiomas, taal, sprak""",
    "data_provider": """repository, holding institution, institution, held by, provider, source institution, library, museum
        location, current location, contributing institution, besitzende institution, bibliothek, besitzer, standort
        institution de conservation, conserve a, etablissement, istituto, biblioteca, institucion, instelling""",
    "identifiers": """identifier, identifiers, id, shelfmark, shelf mark, call number, inventory number, accession number
        object number, reference, reference number, catalogue number, signatur, inventarnummer, objektnummer
        cote, numero d'inventaire, segnatura, numero di inventario, signatura, inventarisnummer, objectnummer""",
    "rights": """rights, license, licence, copyright, rights statement, usage terms, terms of use, access and use, reuse
        lizenz, rechte, nutzungsrechte, droits, licence d'utilisation, diritti, licenza, derechos, licencia, rechten, licentie""",
}
_BY_LABEL = {
    label.strip(): field
    for field, labels in _LABELS.items()
    for label in labels.replace("\n", ",").split(",")
    if label.strip()
}
_KINDS = {"Video": "VIDEO", "Sound": "SOUND", "Audio": "SOUND", "Model": "3D"}


def parse(raw: str) -> dict[str, Any]:
    """Return the fields of one landed canvas or manifest (see :mod:`heritage_assets.curation.sources.iiif`).

    ``is_shown_by`` is the painted image at the ``side`` (pixels) that was noted at the harvest, from its image service where
    there is one, never the full scan then.
    Raises :class:`RejectionError`: ``malformed_json``, ``not_a_record``, and the reasons of landing's markers.
    """
    record = load_object(raw)
    manifest, canvas = _node(record, "manifest"), _node(record, "canvas")
    if not manifest and not canvas:
        raise RejectionError("not_a_record", f"neither canvas nor manifest among the keys: {keys_of(record)}")
    by_canvas = record.get("by") != "manifest"
    described = [canvas, manifest] if by_canvas else [manifest]
    pairs = _pairs(described)
    fields: dict[str, Any] = {name: pairs.get(name, []) for name in _LABELS}
    fields["guid"] = record.get("guid")
    fields["title"] = _titles(manifest, canvas, of_many=_count(record) > 1) if by_canvas else manifest.get("label")
    fields["description"] = [
        *(node[key] for node in described for key in ("summary", "description") if node.get(key)),
        *fields["description"],
    ]
    fields["date"] = [*fields["date"], *(node["navDate"] for node in described if isinstance(node.get("navDate"), str))]
    fields["data_provider"] = [*_agents(manifest), *fields["data_provider"]]
    fields["rights"] = [*_rights([canvas, manifest]), *fields["rights"]]
    fields["is_shown_at"] = _pages(described)
    return fields | _image(record, canvas, manifest)


def _node(record: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def _count(record: Mapping[str, Any]) -> int:
    count = record.get("canvases")
    return count if isinstance(count, int) else 1


def _titles(manifest: Mapping[str, Any], canvas: Mapping[str, Any], *, of_many: bool) -> list[dict[str, str]]:
    """Return the manifest's labels, each with the canvas's label in the same language where there are several canvases."""
    whole, part = literals(manifest.get("label"), TITLE_LIMIT), literals(canvas.get("label"), TITLE_LIMIT)
    found = [_joined(label, part) for label in whole] if whole and of_many else whole or part
    return [{"@value": text, "@language": "" if language == NO_LANGUAGE else language} for language, text in found]


def _joined(label: Literal, parts: list[Literal]) -> Literal:
    same = next((part for wanted in (label.language, NO_LANGUAGE) for part in parts if part.language == wanted), None)
    chosen = same or (parts[0] if parts else None)
    if chosen is None or chosen.text in label.text:
        return label
    return Literal(label.language, f"{label.text}: {chosen.text}")


def _pairs(nodes: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Gather the values of ``metadata`` under the fields that their labels name."""
    found: dict[str, list[Any]] = {}
    for node in nodes:
        entries = node.get("metadata")
        for entry in entries[:_MAX_PAIRS] if isinstance(entries, list) else ():
            if not isinstance(entry, dict):
                continue
            field = next((_BY_LABEL[label] for label in _folded(entry.get("label")) if label in _BY_LABEL), None)
            if field is not None and entry.get("value"):
                found.setdefault(field, []).append(entry["value"])
    return found


def _folded(label: Any) -> Iterator[str]:
    """Yield a label in all its languages, without case, accents and colon."""
    for literal in literals(label, 100):
        plain = unicodedata.normalize("NFKD", literal.text.casefold())
        yield "".join(char for char in plain if not unicodedata.combining(char)).strip(" :").replace("’", "'")


def _agents(manifest: Mapping[str, Any]) -> list[Any]:
    agents = manifest.get("provider")
    listed = agents if isinstance(agents, list) else [agents]
    return [agent["label"] for agent in listed if isinstance(agent, dict) and agent.get("label")]


def _rights(nodes: list[dict[str, Any]]) -> list[Any]:
    """Return licences and rights statements, of the image before those of the manifest, then what must be said."""
    image = painted_image(nodes[0]) or {}
    everyone = [image, *nodes]
    stated = [value for node in everyone for key in ("rights", "license") for value in raw_strings(node.get(key))]
    said: list[Any] = []
    for node in everyone:
        required = node.get("requiredStatement")
        said.extend(value for value in (required.get("value") if isinstance(required, dict) else None,) if value)
        said.extend(value for value in (node.get("attribution"),) if value)
    return [*stated, *said]


def _pages(nodes: list[dict[str, Any]]) -> list[str]:
    """Return web pages: ``homepage`` (3) or ``related`` in HTML (2)."""
    found: list[str] = []
    for node in nodes:
        for key in ("homepage", "related"):
            value = node.get(key)
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str):
                    found.append(item)
                elif (
                    isinstance(item, dict) and "html" in str(item.get("format", "html")) and (address := identity(item))
                ):
                    found.append(address)
    return found


def _image(record: Mapping[str, Any], canvas: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    side = record.get("side")
    side = side if isinstance(side, int) and 0 < side <= 65_536 else DEFAULT_SIDE
    previews = [address for node in (canvas, manifest) for address in _thumbnails(node.get("thumbnail"), side)]
    image = painted_image(canvas)
    if image is None:
        kinds = (_KINDS.get(kind_of(body)) for body in painted(canvas))
        return {"is_shown_by": [], "previews": previews, "edm_type": next((kind for kind in kinds if kind), None)}
    service = service_of(image)
    if service is None:
        return {"is_shown_by": [identity(image) or ""], "previews": previews}
    base = identity(service) or ""
    info = record.get("image_info")
    shown = sized_image_url(base, side, info=dict(service) | info if isinstance(info, dict) else _sized(service, image))
    return {"is_shown_by": [shown], "previews": previews, "iiif_service": [base]}


def _sized(service: Mapping[str, Any], image: Mapping[str, Any]) -> dict[str, Any]:
    """Add the size of the image to its service, which manifests often leave out there."""
    return {key: image[key] for key in ("width", "height") if image.get(key)} | dict(service)


def _thumbnails(value: Any, side: int) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            service = service_of(item)
            if service is not None and (base := identity(service)):
                yield sized_image_url(base, side, info=service)
            if address := identity(item):
                yield address

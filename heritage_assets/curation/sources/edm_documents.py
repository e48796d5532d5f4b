"""EDM documents: their text in the declared encoding, and one document for each provided object.

RDF/XML allows any order and nesting; EDM as it is exchanged (Europeana's EDM schemas, internal and external) is flat: the
children of ``rdf:RDF`` are the resources. That is what is split here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
EDM = "http://www.europeana.eu/schemas/edm/"
ORE = "http://www.openarchives.org/ore/terms/"
_ABOUT = f"{{{RDF}}}about"
_RESOURCE = f"{{{RDF}}}resource"
_DECLARATION = re.compile(r'^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*("[^"]*"|\'[^\']*\')', re.IGNORECASE)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def xml_text(data: bytes) -> str:
    """Decode a document as its byte order mark or XML declaration says; bytes that don't fit become U+FFFD.

    A declaration of another encoding than UTF-8 loses it, because the text is stored as UTF-8 from here on.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _without_encoding(data[len(mark) :].decode(name, "replace"), name)
    declared = re.match(rb'\s*<\?xml[^>]*?encoding\s*=\s*["\']([A-Za-z0-9._-]+)', data[:200])
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    try:
        text = data.decode(name, "replace")
    except LookupError:
        text, name = data.decode("utf-8", "replace"), "unknown"
    return _without_encoding(text, name)


def _without_encoding(text: str, name: str) -> str:
    return text if name in ("utf-8", "utf8") else _DECLARATION.sub(r"\1", text, count=1)


def split_document(data: bytes) -> Iterator[tuple[str | None, str]]:
    """Yield (guid or None, XML text) for each record in a document.

    A document that is no XML, or holds one record, is yielded untouched. The guid is ``rdf:about`` of the provided object.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=False
    )
    text = xml_text(data)
    try:
        # Parsed from the text, not the bytes: then both say the same, whatever the declaration says.
        root = etree.fromstring(_DECLARATION.sub(r"\1", text, count=1).encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError):
        yield None, text
        return
    graphs = [root] if root.tag == f"{{{RDF}}}RDF" else list(root.iter(f"{{{RDF}}}RDF"))
    objects = [graph.findall(f"{{{EDM}}}ProvidedCHO") for graph in graphs]
    if len(graphs) <= 1 and sum(map(len, objects)) <= 1:
        yield next((_about(item) for found in objects for item in found), None), text
        return
    for graph, found in zip(graphs, objects, strict=True):
        if len(found) <= 1:
            yield next(map(_about, found), None), _serialise(graph, list(graph))
        else:
            yield from _split_graph(graph, found)


def _split_graph(graph: Any, objects: list[Any]) -> Iterator[tuple[str | None, str]]:
    """Give each provided object its aggregations and proxies, and all that these refer to, directly or not."""
    by_about: dict[str, list[Any]] = {}
    describing: dict[str, list[Any]] = {}
    for node in graph:
        if not isinstance(node.tag, str):
            continue
        if node.get(_ABOUT) is not None:
            by_about.setdefault(node.get(_ABOUT), []).append(node)
        for link in (f"{{{EDM}}}aggregatedCHO", f"{{{ORE}}}proxyFor"):
            for child in node.findall(link):
                describing.setdefault(child.get(_RESOURCE, ""), []).append(node)
    owned = {id(node) for nodes in describing.values() for node in nodes} | {id(node) for node in objects}
    for item in objects:
        guid = _about(item)
        start = [item, *describing.get(guid or "", [])]
        wanted = _reachable(start, by_about, owned)
        yield guid, _serialise(graph, [node for node in graph if id(node) in wanted])


def _reachable(start: list[Any], by_about: dict[str, list[Any]], owned: set[int]) -> set[int]:
    """Follow rdf:resource links, but never into another provided object, its aggregations or its proxies."""
    wanted = {id(node) for node in start}
    waiting = list(start)
    while waiting:
        for element in waiting.pop().iter():
            for node in by_about.get(element.get(_RESOURCE) or "", ()) if isinstance(element.tag, str) else ():
                if id(node) not in wanted and id(node) not in owned:
                    wanted.add(id(node))
                    waiting.append(node)
    return wanted


def _serialise(graph: Any, nodes: list[Any]) -> str:
    """Return an rdf:RDF document with copies of the given children of ``graph``."""
    if len(nodes) == len(graph):
        return str(etree.tostring(graph, encoding="unicode", with_tail=False))
    opening = etree.Element(graph.tag, attrib=dict(graph.attrib), nsmap=graph.nsmap)
    inner = "".join(etree.tostring(node, encoding="unicode", with_tail=False) for node in nodes)
    shell = etree.tostring(opening, encoding="unicode").removesuffix("/>")
    return f"{shell}>{inner}</{graph.prefix + ':' if graph.prefix else ''}RDF>"


def _about(item: Any) -> str | None:
    about = item.get(_ABOUT)
    return str(about) if about else None

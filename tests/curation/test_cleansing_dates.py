"""Dates as catalogues write them. Each line of the table is a form seen in published records or in EDTF."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heritage_assets.curation.cleansing.dates import EARLIEST_YEAR, first_span, says_nothing, year_span

READ = """
1850 | 1850 | 1850
c. 1850 | 1850 | 1850
c.1850 | 1850 | 1850
ca. 1850 | 1850 | 1850
circa 1850 | 1850 | 1850
ci.1950 | 1950 | 1950
um 1850 | 1850 | 1850
vers 1750 | 1750 | 1750
?1850 | 1850 | 1850
1920? | 1920 | 1920
[1920] | 1920 | 1920
18[50] | 1850 | 1850
©1920 | 1920 | 1920
1850 ca. | 1850 | 1850
v. 1900 | 1900 | 1900
ca. 1850-60 | 1850 | 1860
c.1830–41 | 1830 | 1841
1798–9 | 1798 | 1799
1503/04 | 1503 | 1504
1503/4 | 1503 | 1504
1699-1701 | 1699 | 1701
1888/1889 | 1888 | 1889
1914–18 | 1914 | 1918
1901-02 | 1901 | 1902
1794–c.1830–5 | 1794 | 1835
between 1850 and 1860 | 1850 | 1860
zwischen 1850 und 1860 | 1850 | 1860
entre 1850 et 1860 | 1850 | 1860
dal 1850 al 1860 | 1850 | 1860
de 1850 a 1860 | 1850 | 1860
from 1850 to 1860 | 1850 | 1860
1850 bis 1860 | 1850 | 1860
1786 or 1800 | 1786 | 1800
1800 or 1786 | 1786 | 1800
1503 oder 1504 | 1503 | 1504
1828 (or 1836) | 1828 | 1836
1850, 1852 | 1850 | 1852
17th century | 1601 | 1700
nineteenth century | 1801 | 1900
19th c. | 1801 | 1900
18 Jh. | 1701 | 1800
18. Jhd. | 1701 | 1800
19. Jahrhundert | 1801 | 1900
XVIIe siècle | 1601 | 1700
XIXème siècle | 1801 | 1900
sec. XVII | 1601 | 1700
siglo XVI | 1501 | 1600
s. XIX | 1801 | 1900
17e eeuw | 1601 | 1700
19. st. | 1801 | 1900
20 w. | 1901 | 2000
early 17th century | 1601 | 1633
mid-19th century | 1834 | 1867
late 18th century | 1768 | 1800
early to mid 19th century | 1801 | 1867
late 18th or early 19th century | 1768 | 1833
end of 18th-beginning of 19th century | 1768 | 1833
Anfang 20. Jh. | 1901 | 1933
fin du XVIIIe siècle | 1768 | 1800
principios del siglo XX | 1901 | 1933
2. Hälfte 19. Jahrhundert | 1851 | 1900
1. H. 16. Jh. | 1501 | 1550
1st half of 18th century | 1701 | 1750
2e moitié du XIXe siècle | 1851 | 1900
prima metà del XVI secolo | 1501 | 1550
segunda mitad del siglo XIX | 1851 | 1900
1. Viertel 18. Jh. | 1701 | 1725
last quarter of the 18th century | 1776 | 1800
16th-17th century | 1501 | 1700
15.-16. Jahrhundert | 1401 | 1600
18. und 19. Jahrhundert | 1701 | 1900
XVIe-XVIIe siècle | 1501 | 1700
Ottocento | 1800 | 1899
1850s | 1850 | 1859
1850's | 1850 | 1859
late 1890s | 1897 | 1899
1920s-30s | 1920 | 1939
1950er Jahre | 1950 | 1959
années 1920 | 1920 | 1929
anni 1950 | 1950 | 1959
187-? | 1870 | 1879
18-- | 1800 | 1899
17.. | 1700 | 1799
before 1800 | | 1800
vor 1800 | | 1800
until 1900 | | 1900
bis 1900 | | 1900
no later than 1900 | | 1900
after 1900 | 1900 |
nach 1900 | 1900 |
after c.1830 | 1830 |
1850 or later | 1850 |
1900- | 1900 |
500 BC | -500 | -500
1000 BCE | -1000 | -1000
44 v. Chr. | -44 | -44
27 a.C. | -27 | -27
12000 BC | -12000 | -12000
10,000 BC | -10000 | -10000
500-400 BC | -500 | -400
ca. 1500 - ca. 1300 B.C. | -1500 | -1300
5th c. B.C. | -500 | -401
6. Jh. v. Chr. | -600 | -501
IV sec. a.C. | -400 | -301
Ier siècle av. J.-C. | -100 | -1
3rd-2nd century BC | -300 | -101
2nd century BC - 1st century AD | -200 | 100
3. Jahrtausend v. Chr. | -3000 | -2001
AD 79 | 79 | 79
1066 AD | 1066 | 1066
1. Jh. n. Chr. | 1 | 100
Tang dynasty (618–907) | 618 | 907
960–1279 | 960 | 1279
19.03.1888 | 1888 | 1888
19. 3. 1888 | 1888 | 1888
19/03/1888 | 1888 | 1888
03/1888 | 1888 | 1888
1888-03-19 | 1888 | 1888
1888-03 | 1888 | 1888
1888-03-19T00:00:00Z | 1888 | 1888
19 March 1888 | 1888 | 1888
March 19, 1888 | 1888 | 1888
19. März 1888 | 1888 | 1888
19 août 1888 | 1888 | 1888
1888 Mar 19 | 1888 | 1888
spring 1888 | 1888 | 1888
1888-00-00 | 1888 | 1888
1850.0 | 1850 | 1850
MDCCCXLVIII | 1848 | 1848
MDCCCC | 1900 | 1900
1851, printed 1890 | 1851 | 1851
1955–6; printed 1970s | 1955 | 1956
published 1859–61 | 1859 | 1861
published 1820, reprinted 1978–9 | 1820 | 1820
?exhibited 1809 | 1809 | 1809
Salon of 1850 | 1850 | 1850
Louis XIV, 1680 | 1680 | 1680
1850~ | 1850 | 1850
1850? | 1850 | 1850
1850% | 1850 | 1850
185X | 1850 | 1859
18XX | 1800 | 1899
1850-XX | 1850 | 1850
1850/1860 | 1850 | 1860
1850~/1860? | 1850 | 1860
1850-01-01/1860-12-31 | 1850 | 1860
../1900 | | 1900
1900/.. | 1900 |
[1850..1860] | 1850 | 1860
-0500 | -500 | -500
-3180/-2500 | -3180 | -2500
Y-17000 | -17000 | -17000
1820-24 | 1820 | 1824
1850-21 | 1850 | 1850
http://semium.org/time/18xx_2_half | 1850 | 1899
http://semium.org/time/17xx_3_third | 1767 | 1799
http://semium.org/time/1850 | 1850 | 1850
"""

NOT_READ = """
date not known
no date
n.d.
undated
s.d.
o. J.
?
unknown
Neolithic
Louis XIV
20
12
0000
9999
12345
2099
T01745
PN 2
02079878
1984.123.4
1850-123
1850.123
Inv. 1850-123
Inv. 1850
Inventarnummer 1850
No. 1850
+43 1 1850 1234
0676 1850
020 7887 8888
555-1234
1850-1234
ISBN 1850
Room 1850
12 x 15 cm
1850 x 1200
1850 cm
45.99.1888
0000-00-00
1856s
25th century
1798–02
2nd half
century
#1850
XX
"""


def rows(table: str) -> list[tuple[str, int | None, int | None]]:
    split = [[cell.strip() for cell in line.rsplit("|", 2)] for line in table.strip().splitlines()]
    return [(text, int(start) if start else None, int(end) if end else None) for text, start, end in split]


@pytest.mark.parametrize(("text", "start", "end"), rows(READ))
def test_date_is_read(text: str, start: int | None, end: int | None) -> None:
    assert year_span(text) == (start, end)


@pytest.mark.parametrize("text", NOT_READ.strip().splitlines())
def test_no_year_rather_than_a_wrong_one(text: str) -> None:
    assert year_span(text) is None


@given(st.integers(-9_999, datetime.now(UTC).year + 1).filter(bool), st.integers(0, 300))
def test_intervals_of_signed_years_come_back(start: int, length: int) -> None:
    end = min(start + length, datetime.now(UTC).year + 1)
    if end == 0:
        end = 1

    def edtf(year: int) -> str:
        return f"-{-year:04}" if year < 0 else f"{year:04}"

    assert year_span(f"{edtf(start)}/{edtf(end)}") == (start, end)


@given(st.text(max_size=60) | st.from_regex(r"[0-9./ xXc?-]{1,24}", fullmatch=True))
def test_whatever_is_read_is_sane(text: str) -> None:
    span = year_span(text)
    if span is not None:
        years = [year for year in span if year is not None]
        assert years
        assert years == sorted(years)
        assert years[0] >= EARLIEST_YEAR
        assert years[-1] <= datetime.now(UTC).year + 1


def test_a_date_that_says_nothing_is_no_date() -> None:
    assert says_nothing("date not known")
    assert says_nothing("?")
    assert not says_nothing("Neolithic")


def test_the_first_date_that_can_be_read_counts() -> None:
    assert first_span(["Neolithic", "1850", "1900"]) == ("1850", (1850, 1850))
    assert first_span(["Neolithic"]) is None


def test_a_long_text_costs_nothing() -> None:
    assert year_span("1850 " * 1_000_000) is None


def test_spans_agree_with_those_that_a_museum_published(shared_data: Path) -> None:
    """Tate publishes text and span. Where they differ, most of its spans take in later printings, which ours leave out."""
    with gzip.open(shared_data / "tate" / "artworks-sample.jsonl.gz", "rt") as lines:
        records = [json.loads(line) for line in lines]
    compared = [
        (span, (published["startYear"], published["endYear"]))
        for record in records
        if (published := record.get("dateRange")) and (span := year_span(record["dateText"] or "")) is not None
    ]
    assert len(compared) > 4_500
    assert sum(ours == theirs for ours, theirs in compared) / len(compared) > 0.98

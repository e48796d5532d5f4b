"""The provider with a log of its own: when each host was asked, how many requests were under way, what was served."""

from __future__ import annotations

import time
from collections import Counter, defaultdict

import behaviours
import hostile_provider as hp


class Watched:
    """Routes for all addresses of :mod:`behaviours`, watched."""

    def __init__(self) -> None:
        self.served: Counter[str] = Counter()
        self.requests = 0
        self.most_under_way: Counter[str] = Counter()
        self.times: dict[tuple[int, str], list[float]] = defaultdict(list)
        self.run = 0
        """Number of the run; a connection that a kill left behind counts for the run that made it."""
        self._under_way: Counter[tuple[int, str]] = Counter()

    def provider(self) -> hp.Provider:
        """Return the server, to be entered."""
        routes = {
            path: self._watched(kind.make(number, self._serving(path, number)))
            for number, (path, (_, kind)) in enumerate(behaviours.addresses().items())
        }
        routes["shared"] = self._watched(hp.image(behaviours.BODIES[3]))
        routes["robots.txt"] = self._watched(hp.image(behaviours.ROBOTS, "text/plain"))
        return hp.Provider(routes)

    def _serving(self, path: str, number: int) -> hp.Behaviour:
        async def serve(exchange: hp.Exchange) -> None:
            await exchange.reply(200, behaviours.BODIES[number % 20], Content_Type="image/jpeg")
            self.served[path] += 1

        return serve

    def _watched(self, behaviour: hp.Behaviour) -> hp.Behaviour:
        async def behave(exchange: hp.Exchange) -> None:
            host = exchange.request.headers["host"].partition(":")[0]
            key = (self.run, host)
            self.requests += 1
            self.times[key].append(time.monotonic())
            self._under_way[key] += 1
            self.most_under_way[host] = max(self.most_under_way[host], self._under_way[key])
            try:
                await behaviour(exchange)
            finally:
                self._under_way[key] -= 1

        return behave

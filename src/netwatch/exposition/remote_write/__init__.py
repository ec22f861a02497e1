"""Samples to receivers of Prometheus remote write 1.0, as soon as they are there."""

from netwatch.exposition.remote_write.encode import Encoder, Request
from netwatch.exposition.remote_write.news import News
from netwatch.exposition.remote_write.post import Answer, Poster
from netwatch.exposition.remote_write.sender import Sender, Tally
from netwatch.exposition.remote_write.spool import Spool

__all__ = ["Answer", "Encoder", "News", "Poster", "Request", "Sender", "Spool", "Tally"]

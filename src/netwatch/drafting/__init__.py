"""Drafts device profiles: from a walk and MIB modules, or from other programs' profiles."""

from netwatch.drafting.draft import Draft, draft_profile
from netwatch.drafting.walking import walk_agent

__all__ = ["Draft", "draft_profile", "walk_agent"]

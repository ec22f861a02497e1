"""Drafts device profiles: from a walk and MIB modules, or from other programs' profiles."""

from netwatch.drafting.draft import Draft, draft_profile
from netwatch.drafting.importing import Imported, import_profile
from netwatch.drafting.mib_library import open_library
from netwatch.drafting.walking import walk_agent

__all__ = ["Draft", "Imported", "draft_profile", "import_profile", "open_library", "walk_agent"]

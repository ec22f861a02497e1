"""The builder of HTML elements that pages share with exported documents."""

from netwatch.export.markup import Child, Html, fragment, href, tag

__all__ = ["Child", "Html", "fragment", "href", "tag"]

from base import *

class Case(Base):
    """The resource metadata names a URN, not the URL of the MCP server."""
    def prm(self):
        return {**super().prm(), "resource": "urn:example:mcp:orders"}


main(Case)

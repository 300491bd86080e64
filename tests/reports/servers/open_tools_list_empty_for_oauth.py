from base import *

class Case(Base):
    """Connected, and tools/list answers an empty list to a token with too few scopes."""
    def tools_list(self, r, ident):
        return self.result(r, ident, {"tools": []})


main(Case)

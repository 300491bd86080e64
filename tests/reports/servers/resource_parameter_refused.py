from base import *

class Case(Base):
    """The authorization server refuses the parameter resource itself."""
    def authorize(self, r):
        if "resource" in r.query:
            return self.back(r.query, {"error": "invalid_request", "error_description": "resource is not supported"})
        return super().authorize(r)


main(Case)

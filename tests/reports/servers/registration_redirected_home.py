from base import *

class Case(Base):
    """A web framework answers a registration that does not validate with a redirect to where the form was."""
    def register(self, r):
        return 302, {"Location": self.origin, "Content-Type": "text/html; charset=utf-8"}, f"<!DOCTYPE html><title>Redirecting to {self.origin}</title>"

    def other(self, r):
        return self.page("Welcome", "<p>Our product</p>") if r.path in ("", "/") else super().other(r)


main(Case)

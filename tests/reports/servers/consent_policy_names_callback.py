from base import *

class Case(Base):
    """The consent page's policy names the origin of the client's redirect URI, as it should."""
    def consent_page(self, r, q):
        status, headers, text = super().consent_page(r, q)
        parts = up.urlsplit(q["redirect_uri"])
        policy = f"default-src 'none'; form-action 'self' {parts.scheme}://{parts.netloc}"
        return status, [*headers, ("Content-Security-Policy", policy)], text


main(Case)

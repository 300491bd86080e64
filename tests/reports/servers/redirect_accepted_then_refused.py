from base import *

class Case(Base):
    """Registration takes any redirect URI; authorization holds it against a list of its own."""
    def authorize(self, r):
        return 400, {}, {"error": "invalid_request", "error_description": f"Redirect URI '{r.query.get('redirect_uri')}' does not match allowed patterns."}


main(Case)

from base import *

class Case(Base):
    """Only clients with known names may register."""
    def register(self, r):
        name = r.json.get("client_name", "")
        return 403, {}, {"error": "unapproved_client", "error_description": f"client_name '{name}' is not on the approved list."}


main(Case)

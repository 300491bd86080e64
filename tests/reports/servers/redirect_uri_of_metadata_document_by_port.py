from base import *

class Case(Base):
    """Loopback redirect URIs are compared with their port; the client's document names them without."""
    def metadata(self):
        return {**super().metadata(), "client_id_metadata_document_supported": True}

    def authorize(self, r):
        q = r.query
        return 400, {}, {"error": "invalid_request", "error_description": f"Redirect URI '{q.get('redirect_uri')}' does not match CIMD redirect_uris.", "state": q.get("state")}


main(Case)

from base import *

class Case(Base):
    """A CDN still hands out the metadata of before the deployment, with another resource."""
    def prm_route(self, r):
        status, headers, body = super().prm_route(r)
        if status != 200:
            return status, headers, body
        return 200, {"Age": "51244", "X-Cache": "Hit from cloudfront"}, {**body, "resource": "https://localhost:3000/api/mcp"}


main(Case)

from base import *

class Case(Base):
    """Registrations are limited per address, and others behind the same address have used them up."""
    def register(self, r):
        return 429, {"Retry-After": "2760", "X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "0"}, {"error": "Too many requests, try again in 46 minutes"}


main(Case)

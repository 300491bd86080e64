from base import *

class Case(Base):
    """Registrations are limited per address, and others behind the same address have used them up."""
    member = "error"

    def register(self, r):
        return 429, {"Retry-After": "2760", "X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "0"}, {self.member: "Too many requests, try again in 46 minutes"}


if __name__ == "__main__":
    main(Case)

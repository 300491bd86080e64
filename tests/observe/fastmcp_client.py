"""Has FastMCP's client, on the Python SDK's, list the tools of an MCP server, and goes through the login in place of a
person: fastmcp_client.py MCP_URL. Prints the names of the tools as JSON."""

import asyncio
import json
import re
import sys
from urllib.parse import urljoin

import httpx2
from fastmcp import Client
from fastmcp.client.auth import OAuth


class Approved(OAuth):
    async def redirect_handler(self, authorization_url: str) -> None:
        """What a browser and a person would do: follow redirects, send the form with the values it came with."""
        async with httpx2.AsyncClient(follow_redirects=True) as browser:
            page = await browser.get(authorization_url)
        action = re.search(r'<form[^>]*action="([^"]*)"', page.text).group(1)
        fields = {
            re.search('name="([^"]*)"', field).group(1): re.search('value="([^"]*)"', field).group(1)
            for field in re.findall("<input[^>]*>", page.text)
        }
        self.visit = asyncio.create_task(self.come_back(urljoin(str(page.url), action), fields))

    async def come_back(self, action: str, fields: dict) -> None:
        async with httpx2.AsyncClient() as browser:
            answer = await browser.post(action, data=fields)
            while "/callback" not in answer.headers["location"] or "authscope" in answer.headers["location"]:
                answer = await browser.get(answer.headers["location"])
            # The client begins to listen while this is under way.
            while True:
                try:
                    return await browser.get(answer.headers["location"])
                except httpx2.ConnectError:
                    await asyncio.sleep(0)


async def main(url: str) -> None:
    async with Client(url, auth=Approved()) as client:
        tools = await client.list_tools()
        print(json.dumps([tool.name for tool in tools]))


asyncio.run(asyncio.wait_for(main(sys.argv[1]), 60))

# Cases for rules: Semgrep reads the comments; nothing here is run.
import asyncio
import sqlite3
import subprocess
import time

import httpx
import requests


async def fetch(url):
    return url


async def sleeps():
    # ruleid: async-sleeps-blocking
    time.sleep(1)
    for _ in range(3):
        # ruleid: async-sleeps-blocking
        time.sleep(0.1)
    # ok: async-sleeps-blocking
    await asyncio.sleep(1)


class Poller:
    async def poll(self, pause):
        # ruleid: async-sleeps-blocking
        time.sleep(pause)


def sleeps_apart():
    # ok: async-sleeps-blocking
    time.sleep(1)


async def sleeps_in_thread():
    def wait():
        # ok: async-sleeps-blocking
        time.sleep(1)

    await asyncio.to_thread(wait)


async def blocks(url):
    # ruleid: async-calls-blocking
    requests.get(url, timeout=3)
    # ruleid: async-calls-blocking
    subprocess.run(["ls"])
    # ruleid: async-calls-blocking
    sqlite3.connect("a.db")
    async with httpx.AsyncClient() as client:
        # ok: async-calls-blocking
        await client.get(url)
    # ok: async-calls-blocking
    await asyncio.create_subprocess_exec("ls")


def blocks_apart(url):
    # ok: async-calls-blocking
    return requests.get(url, timeout=3)


async def forgets(url):
    # ruleid: async-coroutine-not-awaited
    fetch(url)
    if url:
        # ruleid: async-coroutine-not-awaited
        fetch("again")
    for one in (1, 2):
        # ruleid: async-coroutine-not-awaited
        fetch(one)
    # ok: async-coroutine-not-awaited
    await fetch(url)
    # ok: async-coroutine-not-awaited
    task = asyncio.create_task(fetch(url))
    # ok: async-coroutine-not-awaited
    await asyncio.gather(fetch("a"), fetch("b"))
    return task


async def nests(url, loop):
    # ruleid: async-run-inside-loop
    asyncio.run(fetch(url))
    # ruleid: async-run-inside-loop
    result = asyncio.run(fetch("b"))
    # ruleid: async-run-inside-loop
    loop.run_until_complete(fetch(url))
    # ok: async-run-inside-loop
    await fetch(url)
    return result


def starts(loop):
    # ok: async-run-inside-loop
    asyncio.run(fetch("a"))
    # ok: async-run-inside-loop
    loop.run_until_complete(fetch("a"))

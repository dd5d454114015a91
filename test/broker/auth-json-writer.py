"""Another program that shares an auth.json: reads, changes and replaces it under fcntl.flock on `auth.lock`, tried every 50 ms,
as hermes-agent does. Arguments: the file, a prefix for the ids, how many."""
import fcntl
import json
import os
import sys
import time

path, prefix, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
for i in range(count):
    with open(os.path.splitext(path)[0] + ".lock", "a+") as lock:
        deadline = time.monotonic() + 15
        while True:
            try:
                fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError("the lock was never free")
                time.sleep(0.05)
        document = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8-sig") as file:
                document = json.load(file)
        pool = document.setdefault("credential_pool", {})
        pool.setdefault("anthropic", []).append({"id": f"{prefix}{i}", "source": "env:KEY", "weight": 1.0})
        temporary = f"{path}.tmp.{os.getpid()}.{i}"
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(json.dumps(document))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        fcntl.flock(lock.fileno(), fcntl.LOCK_UN)

"""Slurm itself, as a cluster of one node on this machine: munged, slurmctld and slurmd, in a folder and on loopback.

    with SlurmCluster(folder) as cluster:
        subprocess.run(["squeue"], env=cluster.environment)

By hand: `python tests/support/slurm_cluster.py COMMAND...` runs a command with the cluster up, and stops it afterwards.

Needs Debian's slurm-wlm and munge, no root and no configuration of the machine. Nothing is confined (no cgroups), but
time limits end jobs, and slurmd, which checks once a second, kills jobs that exceed their memory.
"""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol")
SYSTEM_PATH = "/usr/sbin:/sbin"  # where Debian has the daemons; not everybody's PATH does
SECONDS_TO_START = 60

# More CPUs than the machine may have, so that jobs do not wait for one another: they are tiny. The GPUs are files that
# do no harm; Slurm only counts them.
SLURM_CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}/controller
SlurmdSpoolDir={folder}/node
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MinJobAge=86400
OverTimeLimit=0
KillWait=1
GresTypes=gpu
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} Gres=gpu:2 State=UNKNOWN
PartitionName=cpu Nodes=node1 Default=YES MaxTime=1-00:00:00 State=UP
PartitionName=gpu Nodes=node1 Default=NO MaxTime=1-00:00:00 State=UP
"""
GRES_CONF = "NodeName=node1 Name=gpu File=/dev/null\nNodeName=node1 Name=gpu File=/dev/zero\n"


class SlurmUnavailableError(Exception):
    """Slurm cannot be started here; the message says why."""


def missing_programs() -> list[str]:
    """The programs of a cluster that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}"


def _free_ports(n: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class SlurmCluster:
    """A running cluster; `environment` makes Slurm's commands talk to it.

    Args:
        folder: folder of its files; munged refuses a folder of root or another user that others may write.
        cpus: CPUs the node claims to have.
        memory_mb: memory the node claims to have.
    """

    def __init__(self, folder: Path, cpus: int = 16, memory_mb: int = 64_000):
        self.folder = folder
        self.cpus = cpus
        self.memory_mb = memory_mb
        self.environment = {
            **{name: value for name, value in os.environ.items() if "SLURM" not in name},
            "PATH": f"{folder}/bin:{_path()}",
            "SLURM_CONF": str(folder / "slurm.conf"),
        }
        self._daemons: list[subprocess.Popen] = []

    def __enter__(self) -> "SlurmCluster":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> None:
        """Start the daemons and wait until the node takes jobs.

        Raises:
            SlurmUnavailableError: a program is missing, or the node does not come up.
        """
        if missing := missing_programs():
            raise SlurmUnavailableError(
                f"not installed: {', '.join(missing)} (Debian: apt-get install slurm-wlm munge)"
            )
        self._configure()
        munge = self.folder / "munge"
        self._daemon(
            "munged", "--foreground", "--force", f"--socket={munge}/socket",
            f"--key-file={munge}/key", f"--pid-file={munge}/pid", f"--seed-file={munge}/seed",
            f"--log-file={munge}/log", "--num-threads=2",
        )  # fmt: skip
        self._wait_for(lambda: (munge / "socket").exists(), "munged")
        self._daemon("slurmctld", "-D", "-i")
        self._daemon("slurmd", "-D", "-N", "node1")
        self._wait_for(
            lambda: self("sinfo", "-h", "-o", "%T", check=False).startswith("idle"), "node1"
        )

    def __call__(self, *command: str, check: bool = True) -> str:
        """The output of one of Slurm's commands."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=60
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def jobs(self) -> list[dict[str, str]]:
        """Every job since the start, in the order of submission, with all of Slurm's information."""
        lines = self("scontrol", "show", "job", "--oneliner", "--all").splitlines()
        jobs = [
            dict(field.partition("=")[::2] for field in line.split() if "=" in field)
            for line in lines
            if line.startswith("JobId=")
        ]
        return sorted(jobs, key=lambda job: int(job["JobId"]))

    def stop(self) -> None:
        """End all jobs and daemons."""
        if len(self._daemons) == 3:
            self("scancel", f"--user={self._user()}", "--signal=KILL", check=False)
            self("scancel", f"--user={self._user()}", check=False)
            self._wait_for(
                lambda: not self("squeue", "-h", check=False).strip(), "the jobs' end", 15
            )
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(15)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self._daemons = []

    def _configure(self) -> None:
        for name in ("controller", "node", "munge", "bin"):
            (self.folder / name).mkdir(parents=True)
            (self.folder / name).chmod(0o711 if name == "munge" else 0o755)
        key = self.folder / "munge" / "key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        controller_port, node_port = _free_ports(2)
        text = SLURM_CONF.format(
            folder=self.folder,
            user=self._user(),
            host=socket.gethostname().split(".")[0],
            controller_port=controller_port,
            node_port=node_port,
            cpus=self.cpus,
            memory_mb=self.memory_mb,
        )
        (self.folder / "slurm.conf").write_text(text, encoding="ascii")
        (self.folder / "gres.conf").write_text(GRES_CONF, encoding="ascii")
        # Within a job, Snakemake's plugin calls srun without SLURM_CONF, as it does without most of Slurm's variables.
        srun = self.folder / "bin" / "srun"
        srun.write_text(
            f'#!/bin/sh\nSLURM_CONF={self.environment["SLURM_CONF"]} exec {shutil.which("srun")} "$@"\n',
            encoding="ascii",
        )
        srun.chmod(0o755)

    def _daemon(self, *command: str) -> None:
        with (self.folder / f"{command[0]}.out").open("w") as output:
            daemon = subprocess.Popen(
                command,
                env=self.environment,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )
        self._daemons.append(daemon)

    def _wait_for(self, ready, what: str, seconds: float = SECONDS_TO_START) -> None:
        end = time.monotonic() + seconds
        while not ready():
            ended = [daemon for daemon in self._daemons if daemon.poll() is not None]
            if ended or time.monotonic() > end:
                raise SlurmUnavailableError(f"{what} did not come up:\n{self._logs()}")
            time.sleep(0.2)

    def _logs(self) -> str:
        files = [
            *self.folder.glob("*.out"),
            *self.folder.glob("*.log"),
            self.folder / "munge" / "log",
        ]
        return "\n".join(
            f"--- {file.name}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-15:])
            for file in files
            if file.exists()
        )

    @staticmethod
    def _user() -> str:
        return pwd.getpwuid(os.getuid()).pw_name


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory(prefix="slurm-") as place,
        SlurmCluster(Path(place)) as cluster,
    ):
        sys.exit(subprocess.run(sys.argv[1:] or ["sinfo"], env=cluster.environment).returncode)

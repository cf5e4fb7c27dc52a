"""The paths of a study's files. Patterns have wildcards in braces, for rules and for `str.format`."""

from dataclasses import dataclass

PREPARED = {
    "interactions": "interactions.parquet",
    "user_table": "users.parquet",
    "item_table": "items.parquet",
}

COMBINATION = "{dataset}/{model}/seed-{seed}/{attack}_epsilon-{epsilon}_iterations-{iterations}"


@dataclass(frozen=True)
class Paths:
    """The paths of the files of one study.

    Attributes:
        study: the name of the study.
    """

    study: str

    def results(self, path: str) -> str:
        """A path in the folder of results."""
        return f"results/{self.study}/{path}"

    def logs(self, path: str) -> str:
        """The path of a log, from its name without an ending."""
        return self.results(f"logs/{path}.log")

    def benchmarks(self, path: str) -> str:
        """The path of a job's record of time and memory, from its name without an ending."""
        return self.results(f"benchmarks/{path}.tsv")

    def prepared(self, dataset: str = "{dataset}") -> dict[str, str]:
        """The tables of a data set in the normal form, by name."""
        return {
            name: self.results(f"data/{dataset}/prepared/{file}") for name, file in PREPARED.items()
        }

    def split(self, *parts: str, dataset: str = "{dataset}") -> dict[str, str]:
        """The files of a split by name: "train", "validation", "test", or "statistics" (the sizes)."""
        ending = {"statistics": "json"}
        folder = f"data/{dataset}/split"
        return {
            part: self.results(f"{folder}/{part}.{ending.get(part, 'parquet')}") for part in parts
        }

    def training(self, file: str) -> str:
        """The pattern of a file of a training up to an epoch.

        Args:
            file: best.safetensors or last.safetensors (the factors of an epoch), state.safetensors or curve.parquet.
        """
        return self.results("models/{dataset}/{model}/seed-{seed}/epoch-{epoch}/" + file)

    @property
    def best(self) -> str:
        """The factors of the best epoch."""
        return self.training("best.safetensors")

    @property
    def last(self) -> str:
        """The factors of the last epoch."""
        return self.training("last.safetensors")

    @property
    def state(self) -> str:
        """The state of the last epoch, which a further training continues from."""
        return self.training("state.safetensors")

    @property
    def curve(self) -> str:
        """The training curve."""
        return self.training("curve.parquet")

    @property
    def embeddings(self) -> str:
        """The factors of own embeddings, in the order of the data."""
        return self.results("models/{dataset}/{model}/seed-{seed}/embeddings.safetensors")

    @property
    def control(self) -> str:
        """The factors of a control."""
        return self.results("models/{dataset}/{model}/seed-{seed}/control.safetensors")

    @property
    def baseline_curve(self) -> str:
        """The training curve of a baseline."""
        return self.results("models/{dataset}/{baseline}/seed-{seed}/curve.parquet")

    def initial_lists(self, model: str = "{model}") -> str:
        """The recommendation lists without perturbation."""
        return self.results("lists/{dataset}/" + model + "/seed-{seed}/initial.parquet")

    @property
    def attacked_lists(self) -> str:
        """The recommendation lists after an attack with one epsilon and number of iterations."""
        return self.results(f"lists/{COMBINATION}.parquet")

    @property
    def perturbation(self) -> str:
        """The perturbation that the attacked lists are computed with."""
        return self.results(f"perturbations/{COMBINATION}.safetensors")

    @property
    def metrics(self) -> str:
        """Every measure of a model in every condition."""
        return self.results("metrics/{dataset}/{model}/seed-{seed}.parquet")

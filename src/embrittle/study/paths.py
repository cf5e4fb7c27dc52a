"""Where the files of a study lie. Patterns have their wildcards in braces, for rules and for `str.format`."""

from dataclasses import dataclass

PREPARED = {
    "interactions": "interactions.parquet",
    "user_table": "users.parquet",
    "item_table": "items.parquet",
}


@dataclass(frozen=True)
class Paths:
    """The files of the study of a name."""

    study: str

    def results(self, path: str) -> str:
        """A path among the results."""
        return f"results/{self.study}/{path}"

    def logs(self, path: str) -> str:
        """A path among the logs."""
        return self.results(f"logs/{path}.log")

    def benchmarks(self, path: str) -> str:
        """A path among the records of time and memory."""
        return self.results(f"benchmarks/{path}.tsv")

    def prepared(self, dataset: str = "{dataset}") -> dict[str, str]:
        """The files of a data set in the normal form."""
        return {
            name: self.results(f"data/{dataset}/prepared/{file}") for name, file in PREPARED.items()
        }

    def split(self, *parts: str, dataset: str = "{dataset}") -> dict[str, str]:
        """The named files of a split: train, validation, test, or statistics (the sizes)."""
        ending = {"statistics": "json"}
        folder = f"data/{dataset}/split"
        return {
            part: self.results(f"{folder}/{part}.{ending.get(part, 'parquet')}") for part in parts
        }

    def training(self, file: str) -> str:
        """Of a training up to an epoch: model.safetensors (selected), state.safetensors (last), curve.parquet."""
        return self.results("models/{dataset}/{model}/seed-{seed}/epoch-{epoch}/" + file)

    @property
    def model(self) -> str:
        """The selected factors."""
        return self.training("model.safetensors")

    @property
    def state(self) -> str:
        """The state that training can go on from."""
        return self.training("state.safetensors")

    @property
    def curve(self) -> str:
        """The training curve."""
        return self.training("curve.parquet")

    @property
    def baseline_curve(self) -> str:
        """The training curve of a baseline."""
        return self.results("models/{dataset}/{baseline}/seed-{seed}/curve.parquet")

    def initial_lists(self, model: str = "{model}") -> str:
        """The lists of a recommender before any attack."""
        return self.results("lists/{dataset}/" + model + "/seed-{seed}/initial.parquet")

    @property
    def attacked_lists(self) -> str:
        """The lists after all numbers of iterations of an attack at one epsilon: a row group each."""
        return self.results(
            "lists/{dataset}/{model}/seed-{seed}/{attack}_epsilon-{epsilon}.parquet"
        )

    @property
    def metrics(self) -> str:
        """Every measure of a model in every condition."""
        return self.results("metrics/{dataset}/{model}/seed-{seed}.parquet")

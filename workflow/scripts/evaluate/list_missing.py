"""List the missing lists that tables and figures leave out."""

import pandas as pd

from embrittle.files import write_csv
from embrittle.jobs import job
from embrittle.study.missing import COLUMNS

with job(snakemake.log[0]):
    write_csv(pd.DataFrame(snakemake.params.missing, columns=COLUMNS), snakemake.output.csv)

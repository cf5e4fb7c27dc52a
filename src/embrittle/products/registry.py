"""The list of all products. Light: imported, with the plans, whenever the Snakefile is parsed."""

from embrittle.products.budgets.plan import BUDGETS
from embrittle.products.certificates.plan import CERTIFICATES
from embrittle.products.characteristics.plan import CHARACTERISTICS
from embrittle.products.curves.plan import CURVES
from embrittle.products.fairness.plan import FAIRNESS
from embrittle.products.poster.plan import POSTER
from embrittle.products.product import Product
from embrittle.products.reliable.plan import RELIABLE
from embrittle.products.scale.plan import SCALE
from embrittle.products.table1.plan import TABLE1

# In the order of the page.
PRODUCTS: dict[str, Product] = {
    product.name: product
    for product in (
        *(TABLE1, FAIRNESS, CURVES, POSTER, BUDGETS, SCALE, RELIABLE),
        *(CERTIFICATES, CHARACTERISTICS),
    )
}

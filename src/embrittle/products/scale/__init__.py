"""How much of a defence is the length of the rows: what attacks leave of models and of their controls."""

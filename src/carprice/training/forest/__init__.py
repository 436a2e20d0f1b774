"""The price forest: how its lines and trees are learnt."""

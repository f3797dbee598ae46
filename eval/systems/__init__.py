"""What can be measured: Sonik, its ablations, and its plain alternatives."""

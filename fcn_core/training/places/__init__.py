"""Where runs go: processes of this machine, a Slurm cluster."""

"""``python -m hnlpeak`` is the command ``hnlpeak``."""

from hnlpeak.cli.app import main

if __name__ == "__main__":
    main()

"""``python -m hnlpeak`` is the command ``hnlpeak``, which takes no modules from the folder that it is called in."""

import os
import sys

if __name__ == "__main__":
    # Python puts the current folder first, as if the script lay there: a numpy.py of a stranger's would run
    here, sources = os.getcwd(), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if not sys.flags.safe_path and sys.path[:1] == [here] and here != sources:
        del sys.path[0]
    from hnlpeak.cli.app import main

    main()

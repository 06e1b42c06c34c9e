"""Write the file of this program's schema anew."""

from tests.store.released import main

main()

# Tag a program after linking, and write the description of its variables, with plain make:
#
#   include path/to/firmware/scrutiny.mk
#
#   firmware.elf: firmware.untagged.elf aliases.json
#   	$(call scrutiny_package,firmware.untagged.elf,$@,firmware.sfd,--alias aliases.json)
#
# 1: the program as linked, with debug information     2: the program to flash
# 3: the description file                              4: more options of `scrutiny sfd build`
#
# The device announces the identifier that is written into 2, and the server looks for the
# description of that name: add --install to 4, or install 3 with `scrutiny install-sfd`. Make other
# formats (.bin, .hex) from 2, not from 1.

# Where the command is: a path, or several words as "python -m scrutiny.cli.main".
SCRUTINY ?= scrutiny

# A program whose description could not be made or installed must not look finished.
.DELETE_ON_ERROR:

scrutiny_package = $(SCRUTINY) sfd build $(1) --tagged $(2) -o $(3) $(4)

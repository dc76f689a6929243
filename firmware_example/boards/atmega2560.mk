TITLE := ATmega2560
CORE := -mmcu=atmega2560
FOLDERS := atmega2560
include avr/avr.mk

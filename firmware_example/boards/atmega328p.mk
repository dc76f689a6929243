TITLE := ATmega328P
CORE := -mmcu=atmega328p
FOLDERS := atmega328p
include avr/avr.mk

/* What a sketch expects of the Arduino core, as far as the examples use it: enough to compile for
 * any target, and, with core.cpp, to run on an ATmega328P. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOW 0x0
#define HIGH 0x1
#define OUTPUT 0x1
#define LED_BUILTIN 13

extern "C" {
unsigned long millis(void);
unsigned long micros(void);
void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t value);
}

class SerialPort {
  public:
    void begin(unsigned long baud);
    int available();
    int read();
    int availableForWrite();
    size_t write(const uint8_t *data, size_t size);
};

extern SerialPort Serial;

void setup();
void loop();

#endif

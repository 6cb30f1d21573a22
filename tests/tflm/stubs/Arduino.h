// What a generated sketch uses of Arduino; main() runs setup() and then loop() once.
#pragma once

#include <cstdio>

struct StubSerial {
  void begin(unsigned long) {}
  explicit operator bool() const { return true; }
  void print(const char* text) { std::fputs(text, stdout); }
  void print(double value, int digits) { std::printf("%.*f", digits, value); }
};
static StubSerial Serial;

inline unsigned long millis() { return 0; }
inline void delay(unsigned long) {}

void setup();
void loop();

int main() {
  setup();
  loop();
}

// What the two halves share of C++. SPDX-License-Identifier: MIT
#ifndef HALF_HPP
#define HALF_HPP

inline int limit = 4;

inline int &counter()
{
    static int count = 100;
    return count;
}

template <class T> T twice(T x)
{
    return x + x;
}
extern template int twice<int>(int);

// Its key function is in the module, its objects are the firmware's.
class Shape
{
public:
    virtual int area() const;
    virtual int edges() const { return 4; }
    int size = 3;
};

// No key function: each half has a virtual table of its own, or one for both.
struct Task {
    virtual int run(int x) { return x + 40; }
};

Shape *make_local_shape();
Task *make_task();
int (*make_lambda())(int);
int (*make_inline())(int);
int half_counts();
int half_limit();

namespace deep
{
template <class T> struct Box {
    T value;
    static int made;
    explicit Box(T v) : value(v) { ++made; }
};
template <class T> int Box<T>::made = 1000;
int half_boxes();
int constructed();
} // namespace deep
#endif

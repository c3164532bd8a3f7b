using System.Numerics;

namespace MiniGpt.Tensors.Simd;

/// <summary>
/// A hardware vector of <typeparamref name="T"/>, or a single <typeparamref name="T"/> where there is none. Kernels are written once
/// against it; the JIT compiles them anew for each width and precision, so that nothing of this interface is left at run time.
/// </summary>
/// <typeparam name="TSelf">The vector type itself.</typeparam>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public interface ISimd<TSelf, T>
    where TSelf : unmanaged, ISimd<TSelf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The number of elements in one vector.</summary>
    static abstract int Count { get; }

    /// <summary>A vector of zeros.</summary>
    static abstract TSelf Zero { get; }

    /// <summary>A vector with <paramref name="value"/> in every element.</summary>
    static abstract TSelf Broadcast(T value);

    /// <summary>Reads <see cref="Count"/> elements; no alignment is needed.</summary>
    static abstract unsafe TSelf Load(T* source);

    /// <summary>Reads the first <paramref name="count"/> elements, 1 to <see cref="Count"/>; the rest are zero and their memory is not touched.</summary>
    static abstract unsafe TSelf Load(T* source, int count);

    /// <summary>Writes <see cref="Count"/> elements.</summary>
    unsafe void Store(T* destination);

    /// <summary>Writes the first <paramref name="count"/> elements, 1 to <see cref="Count"/>, and leaves the memory behind them alone.</summary>
    unsafe void Store(T* destination, int count);

    /// <summary>
    /// Writes <see cref="Count"/> elements past the caches, which do not fetch what is overwritten first. The destination must be a multiple
    /// of the vector's size.
    /// </summary>
    unsafe void StoreStreaming(T* destination);

    /// <summary>The sum, element by element.</summary>
    static abstract TSelf operator +(TSelf a, TSelf b);

    /// <summary>The difference, element by element.</summary>
    static abstract TSelf operator -(TSelf a, TSelf b);

    /// <summary>The product, element by element.</summary>
    static abstract TSelf operator *(TSelf a, TSelf b);

    /// <summary>The quotient, element by element.</summary>
    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary>a · b + c, rounded once where the hardware can, else twice: never the slow emulation of a fused operation.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>sum = a · b + sum, as <see cref="MultiplyAdd"/> has it; in loops it keeps the sum in its register.</summary>
    static abstract void AddProduct(ref TSelf sum, TSelf a, TSelf b);

    /// <summary>The smaller of each pair; NaN where either is NaN.</summary>
    static abstract TSelf Min(TSelf a, TSelf b);

    /// <summary>The greater of each pair; NaN where either is NaN.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>The nearest number from <paramref name="low"/> to <paramref name="high"/>; NaN stays NaN. The bounds must be numbers.</summary>
    static abstract TSelf Clamp(TSelf a, TSelf low, TSelf high);

    /// <summary>
    /// The greater of a and <paramref name="low"/> in one instruction; NaN stays NaN. Where the bound is NaN, what comes out depends on the
    /// machine.
    /// </summary>
    static abstract TSelf AtLeast(TSelf a, TSelf low);

    /// <summary>The absolute value.</summary>
    static abstract TSelf Abs(TSelf a);

    /// <summary>The square root.</summary>
    static abstract TSelf Sqrt(TSelf a);

    /// <summary>The natural logarithm, the platform's own: 2.5 ulp in float; -infinity at 0 and NaN below.</summary>
    static abstract TSelf Log(TSelf a);

    /// <summary>The nearest whole number, halves to even.</summary>
    static abstract TSelf Round(TSelf a);

    /// <summary>|magnitude| with the sign of <paramref name="sign"/>.</summary>
    static abstract TSelf CopySign(TSelf magnitude, TSelf sign);

    /// <summary>a · 2^n for whole n of at most ±250 in float, ±2040 in double; overflow gives infinity and underflow subnormal numbers, then zero.</summary>
    static abstract TSelf Scale(TSelf a, TSelf n);

    /// <summary>All bits set where a &lt; b, none elsewhere: a mask for <see cref="Select"/>. NaN compares as false.</summary>
    static abstract TSelf LessThan(TSelf a, TSelf b);

    /// <summary>All bits set where a = b, none elsewhere. NaN compares as false.</summary>
    static abstract TSelf Equal(TSelf a, TSelf b);

    /// <summary>All bits set in the first <paramref name="count"/> elements, none in the rest.</summary>
    static abstract TSelf MaskOfFirst(int count);

    /// <summary><paramref name="whenSet"/> where the mask is set, <paramref name="otherwise"/> elsewhere.</summary>
    static abstract TSelf Select(TSelf mask, TSelf whenSet, TSelf otherwise);

    /// <summary>
    /// <paramref name="a"/> where the bits at the element's place, 32 for each, are at least <paramref name="threshold"/> as a whole number
    /// without a sign; zero elsewhere. Reads <see cref="Count"/> of them.
    /// </summary>
    static abstract unsafe TSelf KeepWhereAtLeast(uint* bits, uint threshold, TSelf a);

    /// <summary>The sum of the elements, always in the same order.</summary>
    static abstract T SumAcross(TSelf a);

    /// <summary>Adds the sums of four vectors' elements, each always in the same order, to four numbers that lie side by side.</summary>
    static abstract unsafe void AddSums(TSelf a, TSelf b, TSelf c, TSelf d, T* destination);

    /// <summary>The greatest element; NaN if there is one.</summary>
    static abstract T MaxAcross(TSelf a);

    /// <summary>
    /// Writes the greatest elements of four vectors to four numbers that lie side by side. A NaN may be lost, and comes out where all others
    /// are NaN too.
    /// </summary>
    static abstract unsafe void StoreMaxima(TSelf a, TSelf b, TSelf c, TSelf d, T* destination);
}

using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Rotary position embedding (Su et al. 2021): pairs of a head's numbers are turned by angles that grow with the position, so that the dot
/// product of a query and a key depends on the distance between them.
/// </summary>
public static class RotaryEmbedding
{
    /// <summary>Cosines and sines of position · theta^(-2i / width) for each position and each pair i.</summary>
    /// <param name="positions">P, the number of positions, from 0 on.</param>
    /// <param name="width">R, how many of a head's numbers are turned: even.</param>
    /// <param name="theta">The base of the wavelengths; 10000 in the paper, larger for long contexts.</param>
    /// <returns>Two tensors [P, R / 2].</returns>
    /// <exception cref="ArgumentException">The width is odd, a size is negative, or theta not positive.</exception>
    public static (Tensor<T> Cosines, Tensor<T> Sines) Tables<T>(int positions, int width, double theta = 10000)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Tables<T>(positions, RotaryFrequencies.Plain(width, theta));

    /// <summary>Cosines and sines of position · frequency for each position and each pair.</summary>
    /// <param name="positions">P, the number of positions, from 0 on.</param>
    /// <param name="frequencies">One of each of R / 2 pairs, such as <see cref="RotaryFrequencies"/> makes.</param>
    /// <returns>Two tensors [P, R / 2].</returns>
    /// <exception cref="ArgumentException">The number of positions is negative.</exception>
    public static (Tensor<T> Cosines, Tensor<T> Sines) Tables<T>(int positions, ReadOnlySpan<double> frequencies)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (positions < 0)
            throw new ArgumentException($"RotaryEmbedding: no tables for {positions} positions.");

        int pairs = frequencies.Length;
        Tensor<T> cosines = new([positions, pairs]), sines = new([positions, pairs]);
        for (int i = 0; i < cosines.Count; i++)
        {
            (int position, int pair) = Math.DivRem(i, pairs);
            (double sine, double cosine) = Math.SinCos(position * frequencies[pair]);
            (cosines.Span[i], sines.Span[i]) = (T.CreateTruncating(cosine), T.CreateTruncating(sine));
        }

        return (cosines, sines);
    }

    /// <summary>
    /// Turns each pair (a, b) to (a cos − b sin, b cos + a sin). The backward pass is the same call on the gradients with
    /// <paramref name="inverse"/>: a rotation's transpose turns back.
    /// </summary>
    /// <param name="x">[B, H, T, D], or the output's gradient; only the innermost axis must lie without gaps.</param>
    /// <param name="cosines">[P, R / 2] with R at most D: numbers from R on stay as they are.</param>
    /// <param name="sines">[P, R / 2].</param>
    /// <param name="positions">[B, T], the position of each token inside [0, P). Empty: token t is at position t.</param>
    /// <param name="y">[B, H, T, D], or the input's gradient; may be x.</param>
    /// <param name="interleaved">Whether pairs are neighbours (2i, 2i + 1), as in the paper; otherwise (i, i + R / 2), as in GPT-NeoX.</param>
    /// <param name="inverse">Whether to turn back.</param>
    /// <param name="accumulate">Whether y is added to.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">A position is outside of the tables, or an innermost axis has gaps.</exception>
    public static void Rotate<T>(
        Tensor<T> x, Tensor<T> cosines, Tensor<T> sines, Tensor<int> positions, Tensor<T> y,
        bool interleaved, bool inverse = false, bool accumulate = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckShapes(x, cosines, sines, y);
        CheckPositions(x.Shape, positions, cosines.Shape[0]);
        var kernel = new Kernel<T>
        {
            X = x,
            Y = y,
            Cosines = cosines,
            Sines = sines,
            Positions = positions,
            Sign = inverse ? -T.One : T.One,
            Interleaved = interleaved,
            Accumulate = accumulate,
        };
        Workers.Run<T, Kernel<T>>(ref kernel, Check.RowsOf(x.Shape), Chunks.Rows(x.Shape[3]));
    }

    private static void CheckShapes<T>(Tensor<T> x, Tensor<T> cosines, Tensor<T> sines, Tensor<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (x.Rank != 4 || cosines.Rank != 2 || 2 * (long)cosines.Shape[1] > x.Shape[3])
            throw new ShapeException("RotaryEmbedding", x.Shape, cosines.Shape, "[B, H, T, D] goes with tables [P, R / 2], R at most D");

        Check.Dense("RotaryEmbedding", cosines.Shape, cosines);
        Check.Dense("RotaryEmbedding", cosines.Shape, sines);
        Check.SameShape("RotaryEmbedding", x.Shape, y.Shape);
        if (x.Shape[3] > 1 && (x.Stride(3) != 1 || y.Stride(3) != 1))
            throw new ArgumentException($"RotaryEmbedding: the innermost axis of {x.Shape} must lie without gaps.");
    }

    private static void CheckPositions(Shape shape, Tensor<int> positions, int bound)
    {
        if (positions.IsEmpty)
        {
            if (shape[2] > bound)
                throw new ArgumentException($"RotaryEmbedding: {shape[2]} tokens, but tables for {bound} positions.");

            return;
        }

        Check.Dense("RotaryEmbedding", [shape[0], shape[2]], positions);
        foreach (int position in positions.Span)
        {
            if ((uint)position >= (uint)bound)
                throw new ArgumentException($"RotaryEmbedding: position {position} is outside of tables for {bound} positions.");
        }
    }

    /// <summary>Its items are the rows of all heads.</summary>
    private unsafe struct Kernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> X, Y, Cosines, Sines;
        public Tensor<int> Positions;
        public T Sign;
        public bool Interleaved, Accumulate;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int tokens = X.Shape[2], heads = X.Shape[1], half = Cosines.Shape[1];
            for (int row = start; row < end; row++)
            {
                (int item, int token) = Math.DivRem(row, tokens);
                int position = Positions.IsEmpty ? token : Positions.Pointer[(long)(item / heads) * tokens + token];
                T* x = AttentionTile.Head(X, item).From(token, 0).Pointer, y = AttentionTile.Head(Y, item).From(token, 0).Pointer;
                T* cosines = Cosines.Pointer + (long)position * half, sines = Sines.Pointer + (long)position * half;
                if (Interleaved)
                {
                    for (int i = 0; i < half; i++)
                        Turn<SimdScalar<T>>(x + 2 * i, x + 2 * i + 1, cosines + i, sines + i, y + 2 * i, y + 2 * i + 1, 1);
                }
                else
                {
                    for (int i = 0; i < half; i += V.Count)
                        Turn<V>(x + i, x + half + i, cosines + i, sines + i, y + i, y + half + i, Math.Min(V.Count, half - i));
                }

                Rest(x, y, 2 * half);
            }
        }

        private readonly void Turn<V>(T* xa, T* xb, T* cosines, T* sines, T* ya, T* yb, int count)
            where V : unmanaged, ISimd<V, T>
        {
            V a = V.Load(xa, count), b = V.Load(xb, count);
            V cosine = V.Load(cosines, count), sine = V.Load(sines, count) * V.Broadcast(Sign);
            V turnedA = a * cosine - b * sine, turnedB = b * cosine + a * sine;
            (Accumulate ? V.Load(ya, count) + turnedA : turnedA).Store(ya, count);
            (Accumulate ? V.Load(yb, count) + turnedB : turnedB).Store(yb, count);
        }

        private readonly void Rest(T* x, T* y, int from)
        {
            for (int i = from; i < X.Shape[3]; i++)
                y[i] = Accumulate ? y[i] + x[i] : x[i];
        }
    }
}

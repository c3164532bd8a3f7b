using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// 32 rows of weights in Q8_0, laid out to be multiplied. A block of all rows has their scales, as floats, side by side; then the first four
/// bytes of each row, then the next four of each, and so on. So a step multiplies four elements of X with those of all rows, what is done
/// once a block (converting, scaling, adding) is done for eight rows at a time, and no vector straddles two cache lines.
/// </summary>
// A scale that stayed a half would save two of 36 bytes. But small ones are below the smallest normal half, as in a projection that was drawn
// at random and never trained, and converting those went through floats that are not normal either: it took as long as all the rest.
internal static unsafe class QuantizedPanel
{
    /// <summary>Rows of weights in a panel.</summary>
    public const int Columns = 32;

    /// <summary>The bytes of a row's block: its scale and its 32 whole numbers.</summary>
    public const int BytesOfBlock = sizeof(float) + Q8Block.Size;

    /// <summary>The bytes of a block of all rows.</summary>
    public const int BlockBytes = Columns * BytesOfBlock;

    private const int BytesOfStep = 4;
    private const int StepBytes = Columns * BytesOfStep;

    /// <summary>Copies up to 32 rows into a panel; rows that are missing are zero.</summary>
    /// <param name="source">The first row's blocks; the next row's lie right behind them.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="blocks">The blocks of a row.</param>
    /// <param name="panel">Where the panel is to be.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(byte* source, int rows, int blocks, byte* panel)
    {
        if (rows < Columns)
            new Span<byte>(panel, blocks * BlockBytes).Clear();

        for (int row = 0; row < rows; row++)
        {
            byte* to = panel;
            for (int block = 0; block < blocks; block++, source += Q8Block.Bytes, to += BlockBytes)
            {
                ((float*)to)[row] = (float)*(Half*)source;
                int* from = (int*)(source + sizeof(Half)), step = (int*)to + row;
                for (int i = 0; i < Q8Block.Size / BytesOfStep; i++)
                {
                    step += Columns;
                    *step = from[i];
                }
            }
        }
    }

    /// <summary>Gives a row of a panel back.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="row">Which of its rows.</param>
    /// <param name="destination">As long as a row.</param>
    public static void Read(byte* panel, int row, Span<float> destination)
    {
        for (; destination.Length > 0; destination = destination[Q8Block.Size..], panel += BlockBytes)
        {
            float scale = ((float*)panel)[row];
            sbyte* bytes = (sbyte*)panel + StepBytes + row * BytesOfStep;
            for (int i = 0; i < Q8Block.Size; i++)
                destination[i] = scale * bytes[i / BytesOfStep * StepBytes + i % BytesOfStep];
        }
    }

    /// <summary>y = bias + x · panel, or y += bias + x · panel, of one row x.</summary>
    /// <remarks>
    /// A block's sum is a whole number, scaled and added to one accumulator for each result. Vectors of 512 bits made prompts faster by 7 %, and
    /// a single row, which waits for memory, not at all.
    /// </remarks>
    /// <param name="x">The row's blocks.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="blocks">The number of blocks.</param>
    /// <param name="bias">Where the sums start; null for zeros.</param>
    /// <param name="y">32 results.</param>
    /// <param name="accumulate">Whether y is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // as PanelTile's loops, and for the same reason
    public static void Multiply(RoundedBlock* x, byte* panel, int blocks, float* bias, float* y, bool accumulate)
    {
        Vector256<float> sum0 = Start(bias, 0), sum1 = Start(bias, 1), sum2 = Start(bias, 2), sum3 = Start(bias, 3);
        for (RoundedBlock* end = x + blocks; x < end; x++)
        {
            float* scales = (float*)panel;
            Vector256<int> whole0 = Vector256.Create(x->SumOfNegative), whole1 = whole0, whole2 = whole0, whole3 = whole0;
            int* magnitude = (int*)x->Magnitudes, sign = (int*)x->Signs;
            panel += StepBytes;
            for (int* last = sign; magnitude < last; magnitude++, sign++, panel += StepBytes)
            {
                sbyte* w = (sbyte*)panel;
                Vector256<byte> magnitudes = Vector256.Create(*magnitude).AsByte();
                Vector256<sbyte> signs = Vector256.Create(*sign).AsSByte();
                whole0 = SimdBytes.AddProductsOfFour(whole0, magnitudes, Vector256.Load(w) ^ signs);
                whole1 = SimdBytes.AddProductsOfFour(whole1, magnitudes, Vector256.Load(w + 32) ^ signs);
                whole2 = SimdBytes.AddProductsOfFour(whole2, magnitudes, Vector256.Load(w + 64) ^ signs);
                whole3 = SimdBytes.AddProductsOfFour(whole3, magnitudes, Vector256.Load(w + 96) ^ signs);
            }

            Vector256<float> scale = Vector256.Create(x->Scale);
            sum0 = AddScaled(whole0, scale * Vector256.Load(scales), sum0);
            sum1 = AddScaled(whole1, scale * Vector256.Load(scales + 8), sum1);
            sum2 = AddScaled(whole2, scale * Vector256.Load(scales + 16), sum2);
            sum3 = AddScaled(whole3, scale * Vector256.Load(scales + 24), sum3);
        }

        End(sum0, y, 0, accumulate);
        End(sum1, y, 1, accumulate);
        End(sum2, y, 2, accumulate);
        End(sum3, y, 3, accumulate);
    }

    /// <summary>
    /// Whether <see cref="MultiplyTwo"/> is of use: the processor adds products of bytes without rounding them to 16 bits on the way.
    /// </summary>
    public static bool TakesTwo => SimdBytes.TakesAllBytes;

    /// <summary>What the sums of <see cref="MultiplyTwo"/> start from: -128 times the sum of each row's 32 numbers, for all blocks of a panel.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="blocks">The number of blocks.</param>
    /// <param name="starts">32 numbers a block.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Starts(byte* panel, int blocks, int* starts)
    {
        Vector256<byte> ones = Vector256.Create((byte)1);
        for (int block = 0; block < blocks; block++, panel += BlockBytes, starts += Columns)
        {
            for (int i = 0; i < Columns; i += Vector256<int>.Count)
            {
                Vector256<int> sum = default;
                for (int step = 1; step <= Q8Block.Size / BytesOfStep; step++)
                    sum = SimdBytes.AddProductsOfFour(sum, ones, Vector256.Load((sbyte*)panel + step * StepBytes + i * BytesOfStep));
                (sum * -128).Store(starts + i);
            }
        }
    }

    /// <summary>The same as <see cref="Multiply"/>, to the last bit, of two rows that share what is read of the panel.</summary>
    /// <remarks>
    /// Numbers that are raised by 128 have no sign that would have to be brought over to each weight; (x + 128)·w is too much by 128·w, which is
    /// the same for all rows. All of it is whole numbers, so that nothing is rounded.
    /// </remarks>
    /// <param name="x">The first row's blocks; those of the second lie behind them.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="starts">What <see cref="Starts"/> says of it.</param>
    /// <param name="blocks">The number of blocks.</param>
    /// <param name="bias">Where the sums start; null for zeros.</param>
    /// <param name="y">32 results of the first row.</param>
    /// <param name="stride">From them to those of the second.</param>
    /// <param name="accumulate">Whether y is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyTwo(RoundedBlock* x, byte* panel, int* starts, int blocks, float* bias, float* y, nint stride, bool accumulate)
    {
        Vector256<float> sum00 = Start(bias, 0), sum01 = Start(bias, 1), sum02 = Start(bias, 2), sum03 = Start(bias, 3);
        Vector256<float> sum10 = sum00, sum11 = sum01, sum12 = sum02, sum13 = sum03;
        for (RoundedBlock* end = x + blocks; x < end; x++, starts += Columns)
        {
            float* scales = (float*)panel;
            Vector256<int> whole00 = Vector256.Load(starts), whole01 = Vector256.Load(starts + 8);
            Vector256<int> whole02 = Vector256.Load(starts + 16), whole03 = Vector256.Load(starts + 24);
            Vector256<int> whole10 = whole00, whole11 = whole01, whole12 = whole02, whole13 = whole03;
            int* raised0 = (int*)x->Raised, raised1 = (int*)(x + blocks)->Raised;
            panel += StepBytes;
            for (int step = 0; step < Q8Block.Size / BytesOfStep; step++, panel += StepBytes)
            {
                Vector256<byte> x0 = Vector256.Create(raised0[step]).AsByte(), x1 = Vector256.Create(raised1[step]).AsByte();
                Vector256<sbyte> w = Vector256.Load((sbyte*)panel);
                whole00 = SimdBytes.AddProductsOfFour(whole00, x0, w);
                whole10 = SimdBytes.AddProductsOfFour(whole10, x1, w);
                w = Vector256.Load((sbyte*)panel + 32);
                whole01 = SimdBytes.AddProductsOfFour(whole01, x0, w);
                whole11 = SimdBytes.AddProductsOfFour(whole11, x1, w);
                w = Vector256.Load((sbyte*)panel + 64);
                whole02 = SimdBytes.AddProductsOfFour(whole02, x0, w);
                whole12 = SimdBytes.AddProductsOfFour(whole12, x1, w);
                w = Vector256.Load((sbyte*)panel + 96);
                whole03 = SimdBytes.AddProductsOfFour(whole03, x0, w);
                whole13 = SimdBytes.AddProductsOfFour(whole13, x1, w);
            }

            Vector256<float> scale0 = Vector256.Create(x->Scale), scale1 = Vector256.Create((x + blocks)->Scale);
            Vector256<float> scale = Vector256.Load(scales);
            sum00 = AddScaled(whole00, scale0 * scale, sum00);
            sum10 = AddScaled(whole10, scale1 * scale, sum10);
            scale = Vector256.Load(scales + 8);
            sum01 = AddScaled(whole01, scale0 * scale, sum01);
            sum11 = AddScaled(whole11, scale1 * scale, sum11);
            scale = Vector256.Load(scales + 16);
            sum02 = AddScaled(whole02, scale0 * scale, sum02);
            sum12 = AddScaled(whole12, scale1 * scale, sum12);
            scale = Vector256.Load(scales + 24);
            sum03 = AddScaled(whole03, scale0 * scale, sum03);
            sum13 = AddScaled(whole13, scale1 * scale, sum13);
        }

        End(sum00, y, 0, accumulate);
        End(sum01, y, 1, accumulate);
        End(sum02, y, 2, accumulate);
        End(sum03, y, 3, accumulate);
        y += stride;
        End(sum10, y, 0, accumulate);
        End(sum11, y, 1, accumulate);
        End(sum12, y, 2, accumulate);
        End(sum13, y, 3, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> AddScaled(Vector256<int> whole, Vector256<float> scale, Vector256<float> sum) =>
        Vector256.MultiplyAddEstimate(Vector256.ConvertToSingle(whole), scale, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Start(float* bias, int vector) =>
        bias is null ? default : Vector256.Load(bias + vector * Vector256<float>.Count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End(Vector256<float> sum, float* y, int vector, bool accumulate)
    {
        y += vector * Vector256<float>.Count;
        (accumulate ? Vector256.Load(y) + sum : sum).Store(y);
    }
}

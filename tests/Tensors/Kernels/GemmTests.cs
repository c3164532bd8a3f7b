using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

[Collection("Alone")]
public class GemmTests
{
    // Around the tiles (12 rows, 32 columns and less), blocks (512 steps), the path of a single row, and few rows of whole tiles beside many
    // columns, whose product is computed turned.
    public static TheoryData<int, int, int> Sizes => new()
    {
        { 1, 1, 1 }, { 1, 70, 33 }, { 1, 7, 600 }, { 1, 5, 4203 }, { 2, 3, 4 }, { 5, 31, 0 }, { 1, 31, 0 }, { 6, 1, 17 }, { 7, 5, 9 }, { 8, 16, 1 },
        { 11, 33, 64 }, { 12, 32, 16 }, { 13, 47, 3 }, { 17, 19, 23 }, { 23, 65, 70 }, { 24, 64, 48 }, { 25, 1, 70 }, { 37, 63, 15 },
        { 48, 70, 31 }, { 59, 8, 66 }, { 70, 70, 70 }, { 257, 257, 65 }, { 13, 257, 513 }, { 97, 129, 1030 }, { 300, 40, 200 },
        { 32, 201, 1030 }, { 64, 130, 33 }, { 96, 1024, 7 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Products_of_all_transposes_agree_with_the_plain_loop(int rows, int columns, int depth)
    {
        foreach (bool turnA in (ReadOnlySpan<bool>)[false, true])
        {
            foreach (bool turnB in (ReadOnlySpan<bool>)[false, true])
            {
                foreach (bool accumulate in (ReadOnlySpan<bool>)[false, true])
                {
                    CheckProduct<float>(rows, columns, depth, turnA, turnB, accumulate);
                    CheckProduct<double>(rows, columns, depth, turnA, turnB, accumulate);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Linear_maps_start_from_their_bias_and_end_in_their_activation(int rows, int columns, int depth)
    {
        CheckLinear<float>(rows, columns, depth);
        CheckLinear<double>(rows, columns, depth);
    }

    [Fact]
    public void A_row_times_a_matrix_that_no_cache_holds_agrees_with_the_plain_loop() =>
        CheckProduct<float>(1, 8223, 1031, turnA: false, turnB: false, accumulate: false);

    [Fact]
    public void A_row_times_matrices_whose_elements_lie_in_turn_agrees_with_the_plain_loop()
    {
        Tensor<float> a = Samples.Random<float>([2, 1, 9], 1), c = Samples.Filled<float>([2, 1, 5], double.NaN);
        Tensor<float> b = Samples.Random<float>([9, 5, 2], 2).Transpose(0, 2).Transpose(1, 2);
        Gemm.Multiply(a, b, c);
        double[] left = Samples.Doubles(a), right = Samples.Doubles(b);
        Samples.AssertClose(
            [.. Product(left[..9], right[..45], 1, 5, 9), .. Product(left[9..], right[45..], 1, 5, 9)], c, Epsilons(9), _ => 4);
    }

    [Theory]
    [InlineData("2,3", "2,3", "2,3")]
    [InlineData("2,3", "", "2,3")]
    [InlineData("", "2,3", "2,3")]
    [InlineData("2,1", "3", "2,3")]
    [InlineData("1", "4", "4")]
    public void Batches_broadcast(string outerA, string outerB, string outerC)
    {
        Tensor<float> a = Samples.Random<float>(Shape(outerA, 5, 7), 1), b = Samples.Random<float>(Shape(outerB, 7, 9), 2);
        Tensor<float> c = Samples.Filled<float>(Shape(outerC, 5, 9), double.NaN);
        Gemm.Multiply(a, b, c);
        double[] left = Samples.Doubles(a.BroadcastTo(Shape(outerC, 5, 7))), right = Samples.Doubles(b.BroadcastTo(Shape(outerC, 7, 9)));
        var expected = new List<double>();
        for (int matrix = 0; matrix < c.Count / 45; matrix++)
            expected.AddRange(Product(left[(matrix * 35)..][..35], right[(matrix * 63)..][..63], 5, 9, 7));

        Samples.AssertClose([.. expected], c, 8 * 7, _ => 4);

        static Shape Shape(string outer, int rows, int columns) =>
            new([.. outer.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse), rows, columns]);
    }

    [Fact]
    public void A_right_factor_that_is_too_large_to_be_packed_at_once_is_multiplied_part_by_part()
    {
        // 8.7 million elements: two parts, each with its share of the bias and of the activation.
        CheckProduct<float>(3, 264_000, 33, turnA: false, turnB: false, accumulate: true);
        CheckLinear<float>(3, 264_000, 33);

        // As many in 64 matrices, here all the same one.
        Tensor<float> a = Samples.Random<float>([64, 96, 512], 1), b = Samples.Random<float>([1, 512, 257], 2);
        Tensor<float> c = Samples.Filled<float>([64, 96, 257], double.NaN);
        Gemm.Multiply(a, b, c);
        foreach (int matrix in (int[])[0, 33, 63])
        {
            double[] expected = Product(Samples.Doubles(a.Slice(0, matrix, 1)), Samples.Doubles(b), 96, 257, 512);
            Samples.AssertClose(expected, c.Slice(0, matrix, 1), Epsilons(512), _ => 4);
        }
    }

    [Fact]
    public void Operands_and_results_may_be_parts_of_larger_tensors()
    {
        // What lies round the operands is NaN, and what lies round the result must stay.
        Tensor<float> a = Part(Samples.Random<float>([3, 20, 30], 1), 20, 30), b = Part(Samples.Random<float>([3, 30, 40], 2), 30, 40);
        Tensor<float> whole = Samples.Filled<float>([3, 23, 45], -7), c = whole.Slice(1, 2, 20).Slice(2, 3, 40);
        Gemm.Multiply(a, b, c);
        double[] left = Samples.Doubles(a), right = Samples.Doubles(b);
        for (int matrix = 0; matrix < 3; matrix++)
        {
            double[] expected = Product(left[(matrix * 600)..][..600], right[(matrix * 1200)..][..1200], 20, 40, 30);
            Samples.AssertClose(expected, c.Slice(0, matrix, 1), 8 * 30, _ => 4);
        }

        Assert.Equal(3 * 20 * 40, Samples.Doubles(whole).Count(x => x != -7));

        static Tensor<float> Part(Tensor<float> content, int rows, int columns)
        {
            Tensor<float> larger = Samples.Filled<float>([3, rows + 5, columns + 3], double.NaN);
            Tensor<float> part = larger.Slice(1, 4, rows).Slice(2, 1, columns);
            Elementwise.Copy(content, part);
            return part;
        }
    }

    [Fact]
    public void What_was_in_the_destination_is_not_read_unless_it_is_added_to()
    {
        Tensor<float> c = Samples.Filled<float>([13, 35], double.NaN);
        Gemm.Multiply(Samples.Random<float>([13, 600], 1), Samples.Random<float>([600, 35], 2), c);
        Assert.All(c.Span.ToArray(), x => Assert.True(float.IsFinite(x)));
        Gemm.Multiply(new Tensor<float>([13, 0]), new Tensor<float>([0, 35]), c);
        Assert.All(c.Span.ToArray(), x => Assert.Equal(0, x));
    }

    [Theory]
    [InlineData(64, 131, 600)]
    [InlineData(384, 1000, 40)]
    public void A_row_has_the_same_bits_whatever_the_number_of_rows_beside_it(int rows, int columns, int depth)
    {
        Tensor<float> x = Samples.Random<float>([rows, depth], 1), weight = Samples.Random<float>([columns, depth], 2);
        Tensor<float> bias = Samples.Random<float>([columns], 3), all = new([rows, columns]), fewer = new([rows - 1, columns]);
        Gemm.Linear(x, weight, bias, all);
        Gemm.Linear(x.Slice(0, 0, rows - 1), weight, bias, fewer);
        Assert.Equal(fewer.Span.ToArray(), all.Slice(0, 0, rows - 1).Span.ToArray());
    }

    [Fact]
    public void Results_are_the_same_bits_on_any_number_of_threads()
    {
        SameBits.AssertOnAnyNumberOfThreads(Run);

        static float[][] Run() => [Product(257, 300, 600), Product(1, 3000, 900), Product(400, 33, 64)];

        static float[] Product(int rows, int columns, int depth)
        {
            var c = new Tensor<float>([rows, columns]);
            Gemm.Multiply(Samples.Random<float>([rows, depth], 1), Samples.Random<float>([columns, depth], 2).Transpose(0, 1), c);
            return c.Span.ToArray();
        }
    }

    [Fact]
    public void Shapes_that_do_not_go_together_are_named()
    {
        Tensor<float> a = new([2, 3]), b = new([3, 4]);
        ShapeException error = Assert.Throws<ShapeException>(() => Gemm.Multiply(a, a, new Tensor<float>([2, 3])));
        Assert.StartsWith("MatMul: [2, 3] and [2, 3]", error.Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => Gemm.Multiply(a, b, new Tensor<float>([2, 5])));
        Assert.Throws<ShapeException>(() => Gemm.Multiply(a, b, new Tensor<float>([4, 2]).Transpose(0, 1)));
        Assert.Throws<ShapeException>(() => Gemm.Multiply(new Tensor<float>([2, 2, 3]), b, new Tensor<float>([2, 4])));
        Assert.Throws<ShapeException>(() => Gemm.Multiply(a, new Tensor<float>([2, 3, 4]), new Tensor<float>([2, 4])));
        Assert.Throws<ShapeException>(() => Gemm.Linear(a, new Tensor<float>([5, 3]), new([5, 1]), new Tensor<float>([2, 5])));
        Assert.Throws<ShapeException>(() => Gemm.Linear(a, new Tensor<float>([5, 3]), new Tensor<float>([4]), new Tensor<float>([2, 5])));
        Assert.Throws<ShapeException>(() => Gemm.LinearGradients(a, new([2, 4]), new([3, 4]), false, new Tensor<float>([2]), false));
        Assert.Throws<ShapeException>(() => Gemm.LinearGradients(a, new([2, 4]), new([3, 5]), false, new Tensor<float>([3]), false));
        Assert.Throws<ShapeException>(() => Gemm.Linear<float, ReluFunction<float>>(
            a, new Tensor<float>([5, 3]), default, new Tensor<float>([2, 5]), new Tensor<float>([5, 2])));
        Assert.Throws<ShapeException>(() => Gemm.Linear<float, ReluFunction<float>>(
            a, new Tensor<float>([5, 3]), default, new Tensor<float>([2, 5]), new Tensor<float>([5, 2]).Transpose(0, 1)));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(7, 5, 3)]
    [InlineData(1, 33, 600)]
    [InlineData(65, 0, 9)]
    [InlineData(384, 128, 768)]
    [InlineData(50, 70, 1100)]
    [InlineData(20, 30, 0)]
    public void A_linear_map_s_gradients_are_a_product_and_sums_of_rows(int outputs, int inputs, int rows)
    {
        CheckGradients<float>(outputs, inputs, rows, accumulate: false);
        CheckGradients<double>(outputs, inputs, rows, accumulate: true);
    }

    [Fact]
    public void Every_size_from_1_to_257_agrees_with_the_plain_loop_at_odd_strides()
    {
        foreach (int size in TriedLengths.Of(1, 257))
        {
            CheckPadded(size, 5, 3);
            CheckPadded(3, size, 5);
            CheckPadded(5, 3, size);
            CheckPadded(1, 4, size);
            CheckPadded(1, size, 6);
        }

        static void CheckPadded(int rows, int columns, int depth)
        {
            Tensor<float> a = Padded(rows, depth, 1), b = Padded(depth, columns, 2), turned = Padded(columns, depth, 3).Transpose(0, 1);
            Tensor<float> c = Samples.Filled<float>([rows, columns + 3], -7).Slice(1, 2, columns);
            foreach (Tensor<float> right in (ReadOnlySpan<Tensor<float>>)[b, turned])
            {
                Gemm.Multiply(a, right, c);
                double[] expected = Product(Samples.Doubles(a), Samples.Doubles(right), rows, columns, depth);
                Samples.AssertClose(expected, c, Epsilons(depth), _ => 4);
            }
        }

        static Tensor<float> Padded(int rows, int columns, int seed)
        {
            Tensor<float> padded = Samples.Filled<float>([rows, columns + 3], double.NaN).Slice(1, 1, columns);
            Elementwise.Copy(Samples.Random<float>([rows, columns], seed), padded);
            return padded;
        }
    }

    [Theory]
    [InlineData(1, 40, 70)]
    [InlineData(40, 70, 30)]
    public void NaN_and_infinity_come_out_where_they_went_in(int rows, int columns, int depth)
    {
        var a = new Tensor<float>([rows, depth]);
        var b = new Tensor<float>([depth, columns]);
        var c = new Tensor<float>([rows, columns]);
        a.Span.Fill(1);
        b.Span.Fill(1);
        a.Span[(rows - 1) * depth + 7] = float.PositiveInfinity;
        b.Span[9 * columns + 11] = float.NaN;
        Gemm.Multiply(a, b, c);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                float expected = column == 11 ? float.NaN : row == rows - 1 ? float.PositiveInfinity : depth;
                Assert.Equal(expected, c.Span[row * columns + column]);
            }
        }
    }

    private static void CheckProduct<T>(int rows, int columns, int depth, bool turnA, bool turnB, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> a = turnA ? Samples.Random<T>([depth, rows], 1).Transpose(0, 1) : Samples.Random<T>([rows, depth], 1);
        Tensor<T> b = turnB ? Samples.Random<T>([columns, depth], 2).Transpose(0, 1) : Samples.Random<T>([depth, columns], 2);
        Tensor<T> c = Samples.Filled<T>([rows, columns], accumulate ? 3 : double.NaN);
        Gemm.Multiply(a, b, c, accumulate);
        double[] expected = Product(Samples.Doubles(a), Samples.Doubles(b), rows, columns, depth);
        Samples.AssertClose([.. expected.Select(x => accumulate ? x + 3 : x)], c, Epsilons(depth), _ => 4);
    }

    private static void CheckGradients<T>(int outputs, int inputs, int rows, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> dy = Samples.Random<T>([rows, outputs], 1), x = Samples.Random<T>([rows, inputs], 2);
        Tensor<T> dweight = Samples.Filled<T>([outputs, inputs], accumulate ? 3 : double.NaN);
        Tensor<T> dbias = Samples.Filled<T>([outputs], accumulate ? 2 : double.NaN);
        Gemm.LinearGradients(dy, x, dweight, accumulate, dbias, accumulate);
        double[] product = Product(Samples.Doubles(dy.Transpose(0, 1)), Samples.Doubles(x), outputs, inputs, rows);
        Samples.AssertClose([.. product.Select(sum => accumulate ? sum + 3 : sum)], dweight, Epsilons(rows), _ => 4);
        double[] sums = new double[outputs], gradients = Samples.Doubles(dy);
        for (int i = 0; i < gradients.Length; i++)
            sums[i % outputs] += gradients[i];

        Samples.AssertClose([.. sums.Select(sum => accumulate ? sum + 2 : sum)], dbias, Epsilons(rows), _ => 4);
        Tensor<T> alone = Samples.Filled<T>([outputs], accumulate ? 2 : double.NaN);
        Gemm.LinearGradients(dy, x, default, false, alone, accumulate);
        Assert.Equal(dbias.Span.ToArray(), alone.Span.ToArray());
    }

    private static void CheckLinear<T>(int rows, int columns, int depth)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> x = Samples.Random<T>([rows, depth], 1), weight = Samples.Random<T>([columns, depth], 2);
        Tensor<T> bias = Samples.Random<T>([columns], 3);
        double[] expected = Product(Samples.Doubles(x), Samples.Doubles(weight.Transpose(0, 1)), rows, columns, depth);
        double[] b = Samples.Doubles(bias);
        double[] biased = [.. expected.Select((z, i) => z + b[i % columns])];
        Tensor<T> y = Samples.Filled<T>([rows, columns], double.NaN), z = Samples.Filled<T>([rows, columns], double.NaN);
        Gemm.Linear(x, weight, default, y);
        Samples.AssertClose(expected, y, Epsilons(depth), _ => 4);
        Gemm.Linear(x, weight, bias, y);
        Samples.AssertClose(biased, y, Epsilons(depth), _ => 4);
        Gemm.Linear<T, ReluFunction<T>>(x, weight, bias, z, y);
        Samples.AssertClose([.. biased.Select(value => value > 0 ? 1.0 : 0)], z, 0, _ => 1);
        Samples.AssertClose([.. biased.Select(value => Math.Max(value, 0))], y, Epsilons(depth), _ => 4);
        Gemm.Linear<T, IdentityFunction<T>>(x, weight, bias, z, y);
        Samples.AssertClose([.. biased.Select(_ => 1.0)], z, 0, _ => 1);
        Samples.AssertClose(biased, y, Epsilons(depth), _ => 4);
        Gemm.Linear<T, SiluFunction<T>>(x, weight, bias, z, z);
        Samples.AssertClose([.. biased.Select(value => value / (1 + Math.Exp(-value)))],
            z, Epsilons(depth) + 8, i => Math.Max(4, Math.Abs(biased[i])));
    }

    // Terms are at most 4 (the magnitude above), and each of depth + 1 steps rounds a sum of them that stays, signs being random, far below
    // their number: two epsilons of one term a step are a loose bound.
    private static double Epsilons(int depth) => 2 * (depth + 2);

    /// <summary>The twin: C = A·B in double.</summary>
    private static double[] Product(double[] a, double[] b, int rows, int columns, int depth)
    {
        double[] c = new double[rows * columns];
        for (int row = 0; row < rows; row++)
        {
            for (int k = 0; k < depth; k++)
            {
                for (int column = 0; column < columns; column++)
                    c[row * columns + column] += a[row * depth + k] * b[k * columns + column];
            }
        }

        return c;
    }
}

using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using MiniGpt.Tensors;

namespace MiniGpt.Tests.Properties;

/// <summary>
/// What a property needs to make a case: four sizes, how many of them count, a number for choices, which inputs are views, whether every
/// input is used twice, and a seed for values.
/// </summary>
public sealed record Sizes(int A, int B, int C, int D, int Rank, int Choice, int Views, int Uses, int Seed)
{
    private const int MostElements = 4096;

    public static Arbitrary<Sizes> Arbitrary { get; } = Arb.From(
        from sizes in Gen.ArrayOf(Gen.Frequency((9, Gen.Choose(1, 12)), (1, Gen.Choose(13, 40))), 4)
        from rank in Gen.Choose(1, 4)
        from choice in Gen.Choose(0, 63)
        from views in Gen.Choose(0, 15)
        from uses in Gen.Frequency((3, Gen.Constant(1)), (1, Gen.Constant(2)))
        from seed in Gen.Choose(0, int.MaxValue - 1)
        select new Sizes(sizes[0], sizes[1], sizes[2], sizes[3], rank, choice, views, uses, seed).Bounded(),
        Smaller);

    /// <summary>The first sizes, as many as the rank says.</summary>
    public Shape Shape() => new(((ReadOnlySpan<int>)[A, B, C, D])[..Rank]);

    /// <summary>An axis of <see cref="Shape"/>.</summary>
    public int Axis() => Choice % Rank;

    public bool Flag() => Choice >= 32;

    /// <summary>Whether an input is a transposed or sliced part of a larger tensor.</summary>
    public bool IsView(int input) => (Views >> input % 3 & 1) == 1;

    /// <summary>A shape that broadcasts to another: some axes become 1, and some of the outer ones are left out.</summary>
    public Shape Part(Shape shape)
    {
        int[] sizes = [.. Enumerable.Range(0, shape.Rank).Select(axis => (Choice >> axis & 1) == 0 ? shape[axis] : 1)];
        return new Shape(sizes.AsSpan(Choice / 16 % (shape.Rank + 1)));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"shape {Shape()} of sizes {A}, {B}, {C}, {D}; choice {Choice}, views {Views}, uses {Uses}, seed {Seed}");

    /// <summary>Simpler cases than one that fails, the simplest first.</summary>
    private static IEnumerable<Sizes> Smaller(Sizes s)
    {
        foreach (int rank in Between(1, s.Rank)) yield return s with { Rank = rank };
        if (s.Rank > 1) yield return s with { Rank = s.Rank - 1, A = s.B, B = s.C, C = s.D, D = s.A }; // without the outermost axis
        foreach (int a in Between(1, s.A)) yield return s with { A = a };
        foreach (int b in Between(1, s.B)) yield return s with { B = b };
        foreach (int c in Between(1, s.C)) yield return s with { C = c };
        foreach (int d in Between(1, s.D)) yield return s with { D = d };
        foreach (int uses in Between(1, s.Uses)) yield return s with { Uses = uses };
        foreach (int views in Between(0, s.Views)) yield return s with { Views = views };
        foreach (int choice in Between(0, s.Choice)) yield return s with { Choice = choice };
    }

    private static IEnumerable<int> Between(int smallest, int value) =>
        ((int[])[smallest, (value + smallest) / 2, value - 1])
        .Where(candidate => candidate >= smallest && candidate < value).Distinct();

    private Sizes Bounded()
    {
        Sizes s = this;
        while ((long)s.A * s.B * s.C * s.D > MostElements)
            s = s with { A = (s.A + 1) / 2, B = (s.B + 1) / 2, C = (s.C + 1) / 2, D = (s.D + 1) / 2 };

        return s;
    }
}

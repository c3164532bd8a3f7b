using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Xunit.Sdk;

namespace MiniGpt.Tests.Properties;

/// <summary>
/// Checks a property in many random cases. MINIGPT_PROPERTY_CASES sets how many; MINIGPT_PROPERTY_REPLAY, as a failure prints it, runs the
/// one that failed.
/// </summary>
internal static partial class Property
{
    private const string CasesVariable = "MINIGPT_PROPERTY_CASES";
    private const string ReplayVariable = "MINIGPT_PROPERTY_REPLAY";

    private static readonly int s_cases =
        int.TryParse(Environment.GetEnvironmentVariable(CasesVariable), CultureInfo.InvariantCulture, out int cases) ? cases : 200;

    /// <summary>Checks the property in its cases; the first that fails is made as small as it gets.</summary>
    public static void Check(Action<Sizes> property, [CallerMemberName] string name = "") =>
        Check(property, name, Environment.GetEnvironmentVariable(ReplayVariable));

    public static void Check(Action<Sizes> property, string name, string? replay)
    {
        Config config = Config.QuickThrowOnFailure.WithMaxTest(s_cases);
        if (replay is not null)
        {
            ulong[] numbers = [.. replay.Split(',').Select(number => ulong.Parse(number, CultureInfo.InvariantCulture))];
            var first = new Replay(new Rnd(numbers[0], numbers[1]), FSharpOption<int>.Some((int)numbers[2]));
            config = config.WithMaxTest(1).WithReplay(FSharpOption<Replay>.Some(first));
        }

        try
        {
            Prop.ForAll(Sizes.Arbitrary, property).Check(config);
        }
        catch (Exception failure) when (LastStep().Match(failure.Message) is { Success: true } step)
        {
            string again = $"{step.Groups["seed"]},{step.Groups["gamma"]},{step.Groups["size"]}";
            throw new XunitException($"{failure.Message}\nAgain: {ReplayVariable}={again} dotnet test tests --filter Name={name}");
        }
    }

    [GeneratedRegex(@"size of (?<size>\d+) and seed of \((?<seed>\d+),(?<gamma>\d+)\)")]
    private static partial Regex LastStep();
}

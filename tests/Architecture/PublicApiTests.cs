using System.Runtime.CompilerServices;
using PublicApiGenerator;
using Xunit;

namespace MiniGpt.Tests.Architecture;

/// <summary>
/// What other programs can use of the packages, listed in PublicApi/: whoever changes it sees that it is a change for others, and changes the list.
/// </summary>
public sealed class PublicApiTests
{
    private const string Accept = "MINIGPT_ACCEPT_API";
    private const int MostShown = 10;

    private static readonly ApiGeneratorOptions s_options = new()
    {
        IncludeAssemblyAttributes = false,
        // Numbers of the compiler's own, which change with every method that is added.
        ExcludeAttributes = [.. new[] { typeof(AsyncIteratorStateMachineAttribute), typeof(AsyncStateMachineAttribute), typeof(IteratorStateMachineAttribute) }.Select(type => type.FullName!)],
        UseDenyNamespacePrefixesForExtensionMethods = false, // AddMiniGpt extends a type of Microsoft's
    };

    public static TheoryData<string> Libraries => [.. LibraryAssemblies.All.Select(assembly => assembly.GetName().Name!)];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void What_others_can_use_of_a_library_is_what_its_list_says(string library)
    {
        string list = Path.Combine(Sources.FindRoot(), "tests", "Architecture", "PublicApi", $"{library}.txt");
        string found = LibraryAssemblies.Named(library).GeneratePublicApi(s_options).ReplaceLineEndings("\n").TrimEnd() + "\n";
        if (Environment.GetEnvironmentVariable(Accept) == "1")
            File.WriteAllText(list, found);
        string listed = File.Exists(list) ? File.ReadAllText(list).ReplaceLineEndings("\n") : "";
        Assert.True(found == listed, $"{library} offers others something else than its list says:\n{Difference(listed, found)}\n{Accept}=1 dotnet test tests --filter FullyQualifiedName~PublicApiTests writes the list anew");
    }

    /// <summary>The first lines that one has and the other has not.</summary>
    private static string Difference(string listed, string found)
    {
        string[] before = listed.Split('\n'), after = found.Split('\n');
        string[] lines = [.. before.Except(after).Select(line => $"- {line.Trim()}"), .. after.Except(before).Select(line => $"+ {line.Trim()}")];
        return lines.Length == 0 ? "the same lines in another order or number" : string.Join('\n', lines.Take(MostShown));
    }
}

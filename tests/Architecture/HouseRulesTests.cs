using System.Reflection;
using System.Reflection.PortableExecutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using MiniGpt.Autograd;
using MiniGpt.Cluster;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Architecture;

/// <summary>The order of the folders, and what belongs into the lowest of them alone.</summary>
public partial class HouseRulesTests
{
    [Theory]
    [InlineData("MiniGpt.Tensors")]
    [InlineData("MiniGpt.Autograd", "MiniGpt.Tensors")]
    [InlineData("MiniGpt.Model", "MiniGpt.Tensors", "MiniGpt.Autograd")]
    [InlineData("MiniGpt.Server", "MiniGpt.Tensors", "MiniGpt.Model")]
    [InlineData("MiniGpt.Extensions.AI", "MiniGpt.Tensors", "MiniGpt.Model")]
    [InlineData("MiniGpt.Cluster", "MiniGpt.Tensors", "MiniGpt.Model")]
    public void A_folder_uses_only_what_stands_below_it(string name, params string[] below)
    {
        string[] used = [.. LibraryAssemblies.Named(name).GetReferencedAssemblies().Select(reference => reference.Name!)
            .Where(reference => reference.StartsWith("MiniGpt", StringComparison.Ordinal))];
        Assert.Empty(used.Except(below));
    }

    [Fact]
    public void Nothing_in_src_needs_more_than_the_platform_below_the_command_line()
    {
        foreach (Assembly assembly in (Assembly[])[typeof(Shape).Assembly, typeof(Tape<>).Assembly, typeof(TransformerConfig).Assembly, typeof(MpiRanks).Assembly])
        {
            Assert.All(assembly.GetReferencedAssemblies(), reference =>
                Assert.Matches("^(System|MiniGpt|Microsoft\\.Win32)\\.", reference.Name));
        }
    }

    [Fact]
    public void The_program_brings_no_native_code()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "minigpt.deps.json")));
        JsonElement[] libraries = [.. json.RootElement.GetProperty("targets").EnumerateObject()
            .SelectMany(target => target.Value.EnumerateObject()).Select(library => library.Value)];
        string[] files = [.. libraries.SelectMany(library => library.TryGetProperty("runtime", out JsonElement runtime)
            ? runtime.EnumerateObject().Select(file => Path.GetFileName(file.Name)) : [])];
        Assert.Contains("minigpt.dll", files);
        Assert.Contains("Spectre.Console.dll", files);
        // "native" are libraries for every platform, "runtimeTargets" those for one.
        Assert.All(libraries, library => Assert.False(library.TryGetProperty("native", out _) || library.TryGetProperty("runtimeTargets", out _)));
        Assert.All(files, file =>
        {
            using PEReader assembly = new(File.OpenRead(Path.Combine(AppContext.BaseDirectory, file)));
            Assert.True(assembly.HasMetadata && assembly.PEHeaders.CorHeader!.Flags.HasFlag(CorFlags.ILOnly), $"{file} has code that is not managed");
        });
    }

    [Fact]
    public void Vectors_pointers_and_threads_live_in_the_tensors_alone()
    {
        string source = Path.Combine(Sources.FindRoot(), "src");
        string[] files = [.. Sources.Under(source)];
        Assert.Contains(files, IsInTensors);
        Assert.Contains(files, file => !IsInTensors(file));
        Assert.All(files.Where(file => !IsInTensors(file)), file =>
        {
            string code = Sources.WithoutComments(File.ReadAllText(file));
            Match match = LowLevel().Match(code);
            Assert.False(match.Success, $"{Path.GetRelativePath(source, file)} has '{match.Value}', which belongs into src/Tensors.");
        });

        bool IsInTensors(string file) => Path.GetRelativePath(source, file).Split(Path.DirectorySeparatorChar)[0] == "Tensors";
    }

    [Fact]
    public void Two_files_alone_call_the_system_and_two_the_MPI_library_and_no_other_native_code_is_called() => Assert.Equal(
        ["HugePages.cs", "MpiLibrary.cs", "MpiNative.cs", "SystemCalls.cs"], FilesWith(@"\bDllImport\b|\bLibraryImport\b|\bNativeLibrary\.").Order());

    [Fact]
    public void A_statement_of_one_line_has_no_braces()
    {
        string root = Sources.FindRoot();
        string[] files = [.. new[] { "src", "tests", "bench" }.SelectMany(folder => Sources.Under(Path.Combine(root, folder)))];
        Assert.NotEmpty(files);
        Assert.All(files, file =>
        {
            Match match = NeedlessBraces().Match(File.ReadAllText(file));
            Assert.False(match.Success, $"{Path.GetRelativePath(root, file)} has braces round one line: {match.Value}");
        });
    }

    [Fact]
    public void No_duration_and_no_decision_comes_from_a_clock_that_can_jump() =>
        Assert.Empty(FilesWith(@"\bDateTime(Offset)?\.(Utc)?Now\b|\bTickCount\b"));

    [Theory]
    [InlineData("Tensors")]
    [InlineData("Autograd")]
    [InlineData("Model")]
    [InlineData("Cluster")]
    public void The_libraries_name_no_option_of_the_command_line(string project) =>
        Assert.All(Sources.Under(Path.Combine(Sources.FindRoot(), "src", project)), file =>
            Assert.All(File.ReadLines(file), line => Assert.DoesNotMatch("\"[^\"]*--[a-z]", line)));

    [Theory]
    [InlineData("using System.Runtime.Intrinsics;")]
    [InlineData("unsafe struct X { }")]
    [InlineData("float* p = stackalloc float[4];")]
    [InlineData("var t = new Thread(Work);")]
    [InlineData("Parallel.For(0, 1, _ => { });")]
    [InlineData("fixed (byte* p = bytes)")]
    public void The_rule_sees(string code) => Assert.Matches(LowLevel(), code);

    [Theory]
    [InlineData("Span<int> sizes = stackalloc int[4];")]
    [InlineData("T product = a * b;")]
    [InlineData("ThreadLocalOptions options;")]
    public void The_rule_allows(string code) => Assert.DoesNotMatch(LowLevel(), code);

    private static IEnumerable<string?> FilesWith(string pattern) => Sources.Under(Path.Combine(Sources.FindRoot(), "src"))
        .Where(file => Regex.IsMatch(Sources.WithoutComments(File.ReadAllText(file)), pattern)).Select(Path.GetFileName);

    [GeneratedRegex(@"\n( *)(?:(?:else )?if|for|foreach|while|else)\b[^\n]*\n\1\{\n\1    [^ \n][^\n]*;\n\1\}")]
    private static partial Regex NeedlessBraces();

    [GeneratedRegex(
        @"System\.Runtime\.Intrinsics|\bVector(64|128|256|512)?<|\bunsafe\b|\bfixed\s*\(|\w\*\s*\w+\s*=\s*stackalloc|\bNativeMemory\b"
        + @"|System\.Threading\.Thread\b|\bnew\s+Thread\b|\bThread\.|\bThreadPool\.|\bParallel\.")]
    private static partial Regex LowLevel();
}

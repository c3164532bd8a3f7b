using System.Text.RegularExpressions;
using Xunit;

namespace MiniGpt.Tests.Architecture;

/// <summary>No test only runs code: every one asserts, itself or through a method that says so in its name.</summary>
public partial class AssertionTests
{
    [Fact]
    public void Every_test_asserts()
    {
        string tests = Path.Combine(Sources.FindRoot(), "tests");
        int count = 0;
        List<string> silent = [];
        foreach (string file in Sources.Under(tests))
        {
            foreach (Match test in Test().Matches(Sources.WithoutComments(File.ReadAllText(file))))
            {
                count++;
                if (!Assertion().IsMatch(test.Groups["body"].Value))
                    silent.Add($"{Path.GetRelativePath(tests, file)}: {test.Groups["name"].Value}");
            }
        }

        Assert.Empty(silent);
        Assert.InRange(count, 300, int.MaxValue);
    }

    [Theory]
    [InlineData("[Fact]\n    public void A() => Assert.Equal(1, x);\n\n    private int b;", true)]
    [InlineData("[Theory]\n    [InlineData(1)]\n    public async Task A(int x)\n    {\n        await Run(x);\n    }\n", false)]
    [InlineData("[Fact]\n    public void A()\n    {\n        if (x)\n        {\n            CheckSum(x);\n        }\n    }\n", true)]
    [InlineData("[Fact]\n    public void A() => Run(x);\n\n    private void Check() => Assert.Fail();", false)]
    public void The_rule_sees(string code, bool asserts)
    {
        Match test = Test().Match("class X\n{\n    " + code);
        Assert.True(test.Success);
        Assert.Equal("A", test.Groups["name"].Value);
        Assert.Equal(asserts, Assertion().IsMatch(test.Groups["body"].Value));
    }

    // A body ends at the brace, or after the semicolon of an expression, at the method's own indentation.
    [GeneratedRegex(
        @"^(?<indent> *)\[(?:Fact|Theory)\b.*\n(?:\k<indent>\[.*\n)*\k<indent>public [^(\n]*?(?<name>\w+)\("
        + @"(?<body>[\s\S]*?)(?=\n\k<indent>}|\n\n\k<indent>\S|\n *}\n*\z|\z)", RegexOptions.Multiline)]
    private static partial Regex Test();

    [GeneratedRegex(@"\bAssert\.|\b(?:Assert|Check|Compare|Holds)\w*\s*(?:<[^;()]*>)?\(")]
    private static partial Regex Assertion();
}
